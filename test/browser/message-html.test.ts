// Messages in a real browser: whatever a mail brings, nothing runs and nothing is fetched.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { toHtml } from "../../src/html/message-html.ts";
import { newWords } from "../../src/mail/in/new-words.ts";
import { openRendering, type Rendering } from "./rendering.ts";

vi.setConfig({ testTimeout: 180_000 });

let rendering: Rendering;
beforeAll(async () => {
  rendering = await openRendering();
});
afterAll(async () => {
  await rendering[Symbol.asyncDispose]();
});

// `URL` is where what is fetched is counted. Those that run or fetch where nobody sanitizes them come first.
const payloads: readonly (readonly [what: string, html: string])[] = [
  ["script", "<script>alert(1)</script>"],
  ["script from elsewhere", "<script src=URL/script></script>"],
  ["picture", "<img src=URL/img>"],
  ["picture that fails", "<img src=x onerror=alert(1)>"],
  ["srcset", '<img srcset="URL/srcset 1x, URL/srcset 2x">'],
  ["picture element", "<picture><source srcset=URL/source><img></picture>"],
  ["input picture", "<input type=image src=URL/input>"],
  ["svg", "<svg onload=alert(1)></svg>"],
  ["svg image", '<svg width=9 height=9><image href="URL/svgimage" width=9 height=9 /></svg>'],
  [
    "feImage",
    '<svg width=9 height=9><filter id=f><feImage href="URL/feimage"/></filter><rect width=9 height=9 filter="url(#f)"/></svg>',
  ],
  ["svg use", '<svg><use href="URL/use#x"/></svg>'],
  ["svg style", "<svg><style>@import url(URL/svgstyle);</style></svg>"],
  ["style import", "<style>@import url(URL/import);</style>"],
  ["style background", "<style>#message{background:url(URL/style)}</style>"],
  ["style font", "<style>@font-face{font-family:x;src:url(URL/font)}#message{font-family:x}</style>x"],
  ["style attribute", '<p style="background:url(URL/attribute)">x</p>'],
  ["style image-set", "<p style=\"background-image:image-set('URL/imageset' 1x)\">x</p>"],
  ["style list", '<ul style="list-style:url(URL/list)"><li>x</ul>'],
  ["style content", '<p style="content:url(URL/content)">x</p>'],
  ["style, escaped", '<p style="background:\\75\\72\\6c(URL/escaped)">x</p>'],
  ["background of a body", "<body background=URL/body>"],
  ["background of a table", "<table background=URL/table><tr><td background=URL/td>x</table>"],
  ["link", "<link rel=stylesheet href=URL/link>"],
  ["link that fetches ahead", "<link rel=preload as=image href=URL/preload><link rel=icon href=URL/icon>"],
  ["meta refresh", '<meta http-equiv=refresh content="0;url=URL/refresh">'],
  ["iframe", "<iframe src=URL/iframe></iframe>"],
  ["iframe with a document", '<iframe srcdoc="<img src=URL/srcdoc>"></iframe>'],
  ["object", "<object data=URL/object></object>"],
  ["embed", "<embed src=URL/embed>"],
  ["video", "<video src=URL/video poster=URL/poster autoplay></video>"],
  ["audio", "<audio src=URL/audio autoplay></audio>"],
  ["track", "<video><source src=URL/vsource></video>"],
  ["details", "<details open ontoggle=alert(1)>x</details>"],
  ["autofocus", "<input autofocus onfocus=alert(1)>"],
  ["animation", "<style>@keyframes x{}</style><p style=animation-name:x onanimationstart=alert(1)>x</p>"],
  ["noscript", '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>'],
  ["math and form", "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>"],
  ["svg and style", '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">'],
  ["title", '<title><p title="</title><img src=x onerror=alert(1)>">'],
  ["textarea", '<textarea><p title="</textarea><img src=x onerror=alert(1)>">'],
  ["xmp", '<xmp><p title="</xmp><img src=x onerror=alert(1)>">'],
  ["noembed", '<noembed><p title="</noembed><img src=x onerror=alert(1)>">'],
  ["plaintext", "<img src=x onerror=alert(1)><plaintext>"],
  ["comment that ends early", "<!--><img src=x onerror=alert(1)>-->"],
  ["comment that ends otherwise", "<!-- --!><img src=x onerror=alert(1)> -->"],
  ["conditional comment", "<!--[if true]><img src=x onerror=alert(1)><![endif]--><img src=x onerror=alert(2)>"],
  ["CDATA", "<![CDATA[><img src=x onerror=alert(1)>]]>"],
  ["processing instruction", "<?xml ><img src=x onerror=alert(1)>?>"],
  ["slashes for blanks", "<img/src=x/onerror=alert(1)>"],
  ["a line end within", "<img\nsrc=x\nonerror\n=\nalert(1)>"],
  ["a tag that does not end", "<img src=x onerror=alert(1) "],
  ["quotes within quotes", "<p title='\"><img src=x onerror=alert(1)>'></p><img src=x onerror=alert(1)>"],
  ["out of the message", "</div></body><img src=x onerror=alert(1)>"],
  ["base", '<base href="URL/"><img src=base>'],
  ["table out of a table", "<table><img src=x onerror=alert(1)><tr><td></table>"],
];

// These need somebody to click or to submit, or a browser of another age.
const patient: readonly (readonly [what: string, html: string])[] = [
  ["svg animate", "<svg><a><animate attributeName=href values=javascript:alert(1) /><text x=9 y=9>x</text></a></svg>"],
  ["frameset", "<frameset><frame src=URL/frame></frameset>"],
  ["marquee", "<marquee onstart=alert(1)>x</marquee>"],
  ["template of a shadow", "<div><template shadowrootmode=open><img src=URL/shadow></template></div>"],
  ["math", '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">'],
  ["select", "<select><template><style><!--</template></select><img src=x onerror=alert(1)>"],
  ["javascript:", "<a href=javascript:alert(1)>x</a>"],
  ["javascript: in entities", "<a href='&#106;avascript&colon;alert(1)'>x</a>"],
  ["javascript: with a tab", "<a href='java&Tab;script:alert(1)'>x</a>"],
  ["javascript: with a line end", "<a href='java\nscript&#10;:alert(1)'>x</a>"],
  ["javascript: after a control character", "<a href='\u0001javascript:alert(1)'>x</a>"],
  ["javascript: in capitals", "<a href=JaVaScRiPt:alert(1)>x</a>"],
  ["vbscript:", "<a href=vbscript:x>x</a>"],
  ["data:", "<a href='data:text/html,<script>alert(1)</script>'>x</a>"],
  ["blob: and file:", "<a href=blob:URL/x>x</a><a href=file:///etc/passwd>x</a>"],
  ["a relative link", "<a href=/mutation?x>x</a><a href=//evil.example>x</a><a href=\\\\evil.example>x</a>"],
  ["ping", "<a href=https://a.example ping=URL/ping>x</a>"],
  ["form", "<form action=URL/form><button>x</button></form>"],
  ["formaction", "<button formaction=javascript:alert(1)>x</button>"],
  ["isindex", "<isindex action=javascript:alert(1) type=image>"],
  [
    "id and name, for scripts of the page",
    '<a id=config name=config href="https://a.example">x</a><form id=x><input name=y></form>',
  ],
  ["class", "<p class='hidden admin'>x</p>"],
  ["xlink", '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>'],
  ["mathml", '<math href="javascript:alert(1)">x</math>'],
  [
    "-moz-binding, expression, behavior",
    '<p style="-moz-binding:url(URL/x);width:expression(alert(1));behavior:url(URL/x)">x</p>',
  ],
  ["a custom element", "<x-message is=x onclick=alert(1)>x</x-message>"],
  ["dir", "<p dir=rtl>x</p><p dir='x\" onclick=\"alert(1)'>x</p><p dir onmouseover=alert(1)>x</p>"],
  ["slot and part", "<p slot=x part=x popover popovertarget=x contenteditable>x</p>"],
  ["U+0000", "<scr\0ipt>alert(1)</scr\0ipt><a href='java\0script:alert(1)'>x</a>"],
  ["other charsets", "+ADw-script+AD4-alert(1)+ADw-/script+AD4-\u00bcscript\u00bealert(1)\u00bc/script\u00be"],
  ["deep", `${"<div>".repeat(2_000)}<img src=x onerror=alert(1)>`],
];

const here = (html: string) => html.replaceAll("URL", rendering.origin);
const harmless = { ran: [], fetched: [], foreign: [] };

test.each([...payloads, ...patient])("%s is harmless, as HTML, Markdown, text, and as a mail", async (_, payload) => {
  const html = here(payload);
  expect(await rendering.show(toHtml({ format: "HTML", text: html }))).toEqual(harmless);
  expect(await rendering.show(toHtml({ format: "HTML", text: `<blockquote><b>${html}` }))).toEqual(harmless);
  expect(await rendering.show(toHtml({ format: "MARKDOWN", text: html }))).toEqual(harmless);
  expect(
    await rendering.show(toHtml({ format: "MARKDOWN", text: `[x](${html})\n\n![x](${html})\n\n<${html}>` })),
  ).toEqual(harmless);
  expect(await rendering.show(toHtml({ format: "PLAIN", text: html }))).toEqual(harmless);
  // What the words of a mail are made of is less already; it is shown by the same place.
  expect(await rendering.show(toHtml(newWords({ text: null, html })))).toEqual(harmless);
});

test("the same payloads run or fetch where nobody sanitizes them", async () => {
  const tame: string[] = [];
  for (const [what, payload] of payloads) {
    const { ran, fetched } = await rendering
      .show(here(payload))
      .catch(() => ({ ran: ["it went elsewhere"], fetched: [] }));
    if (ran.length + fetched.length === 0) tame.push(what);
  }
  expect(tame).toEqual([]);
});
