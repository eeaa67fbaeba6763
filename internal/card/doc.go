// Package card holds what people do with cards: write them, try them out, and
// see what they make of a dataset.
//
// A code card is Python that the executor runs over a version of a dataset,
// filtered before Python sees it; a text card is HTML that was sanitised when
// it was written. Results are kept by content: a result is found again only
// for the same code, parameters, filter and dataset version, so nothing needs
// to be invalidated. Code and tracebacks are for a card's owner (and admins);
// people who see it through a dashboard get its result and a plain sentence.
package card
