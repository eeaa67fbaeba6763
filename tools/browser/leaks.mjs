// Opens pages in Chromium, each in a context of its own:
//
//	node leaks.mjs ADDRESS_OF_THE_WITNESS < pages.json
//
// pages.json is a list of {name, url, off}; off names a feature of the browser that is switched off. When a page is
// idle, the witness is asked for /seen/NAME, and the page stays open until it answers.
import { chromium } from "playwright-core";

const witness = process.argv[2];
const browsers = new Map();

function browser(off) {
  if (!browsers.has(off)) {
    browsers.set(off, chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", `--disable-features=${off}`,
      ],
    }));
  }
  return browsers.get(off);
}

async function visit({ name, url, off }) {
  const context = await (await browser(off ?? "")).newContext();
  const page = await context.newPage();
  await page.goto(url, { waitUntil: "networkidle" }).catch(() => {}); // an attack may lead elsewhere while it loads
  await fetch(`${witness}/seen/${name}`);
  await context.close();
}

const pages = JSON.parse(await new Response(process.stdin).text());
const visitor = async () => {
  for (let page = pages.pop(); page; page = pages.pop()) await visit(page);
};
await Promise.all(Array.from({ length: 8 }, visitor));
for (const launched of browsers.values()) await (await launched).close();
