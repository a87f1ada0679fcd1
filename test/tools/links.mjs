import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import GithubSlugger from "github-slugger";
import { marked } from "marked";

/** Links within the repository that lead nowhere: missing files, and headings that a file does not have. */
export function deadLinks(files) {
  return files.flatMap((file) =>
    linksOf(file)
      .filter((link) => !leadsSomewhere(file, link))
      .map((link) => `${file}: ${link}`),
  );
}

function linksOf(file) {
  const links = [];
  void marked.walkTokens(marked.lexer(readFileSync(file, "utf8")), (token) => {
    if (token.type === "link" || token.type === "image") links.push(token.href);
  });
  return links.filter((link) => !/^[a-z][a-z+.-]*:/i.test(link));
}

function leadsSomewhere(from, link) {
  const [path, anchor] = link.split("#");
  const file = path ? normalize(join(dirname(from), decodeURI(path))) : from;
  if (!existsSync(file)) return false;
  return !anchor || !file.endsWith(".md") || anchorsOf(file).has(decodeURIComponent(anchor));
}

function anchorsOf(file) {
  const slugger = new GithubSlugger();
  const anchors = new Set();
  void marked.walkTokens(marked.lexer(readFileSync(file, "utf8")), (token) => {
    if (token.type === "heading") anchors.add(slugger.slug(plain(token)));
    if (token.type === "html") for (const [, id] of token.text.matchAll(/\b(?:id|name)="([^"]+)"/g)) anchors.add(id);
  });
  return anchors;
}

function plain(token) {
  return token.tokens?.length ? token.tokens.map(plain).join("") : token.text;
}
