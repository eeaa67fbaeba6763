// Package web holds the pages people use, built by web/build.sh into web/dist
// and embedded in the binary. The server mounts three file systems:
//
//	Pages    GET /                index.html, the landing page
//	GraphiQL GET /graphiql        one of three pages, chosen by who asks:
//	                              signin.html  (nobody signed in, send with 401)
//	                              denied.html  (signed in, not an administrator, 403)
//	                              index.html   (administrators, 200)
//	Assets   GET /assets/{name}   scripts, styles, fonts and workers
//
// Names in Assets carry a hash of their content and may be cached for a year,
// all but [Plotly], which cards refer to by its plain name.
// Beside every file over 1 KiB stands the same file with ".gz", to be sent to
// clients that take gzip. Pages call POST /graphql with the header
// X-Karuta-Client: web and rely on the session cookie; they address nothing
// outside of the server. On a clone whose pages are not built, every .html is
// a placeholder that says how to build them.
package web

import (
	"embed"
	"io/fs"
	"path"
)

// Plotly is the name in [Assets] of plotly.js, the strict bundle that needs no
// eval, of the version that the locked Python plotly writes for. Cards load it
// from /assets/plotly.min.js; with ?v=… it may be cached like the names with a
// hash. Card pages have an opaque origin, so it must be sent with
// Access-Control-Allow-Origin: * where the script tag carries an integrity attribute.
const Plotly = "plotly.min.js"

// Content security policies of the pages, to be sent as they stand.
const (
	// NoPolicy is for answers that are no pages: nothing runs and nothing is loaded,
	// should a browser show one all the same.
	NoPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
	// PagesPolicy is for [Pages] and for GraphiQL's signin.html and denied.html.
	PagesPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	// GraphiQLPolicy is for GraphiQL's index.html: its editor runs workers and
	// writes its own style elements.
	GraphiQLPolicy = "default-src 'none'; script-src 'self'; worker-src 'self'; " +
		"style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

//go:embed all:dist
var dist embed.FS

// Pages holds index.html.
func Pages() fs.FS { return part("pages") }

// GraphiQL holds index.html, signin.html and denied.html.
func GraphiQL() fs.FS { return part("graphiql") }

// Assets holds what the pages load, flat: no folders.
func Assets() fs.FS { return part("assets") }

// Built tells whether the pages were built into this binary.
func Built() bool {
	_, err := fs.Stat(dist, "dist/assets/"+Plotly)
	return err == nil
}

func part(name string) fs.FS {
	root, from := "dist", fs.FS(dist)
	if Built() {
		root += "/" + name
	} else {
		from = placeholder{dist}
	}
	sub, err := fs.Sub(from, root)
	if err != nil {
		panic(err) // the names are constants
	}
	return sub
}

// placeholder answers every page with the one that is checked in.
type placeholder struct{ fs.FS }

func (p placeholder) Open(name string) (fs.File, error) {
	if path.Ext(name) == ".html" {
		name = "dist/placeholder.html"
	}
	return p.FS.Open(name)
}
