import { describe, expect, test } from "vitest";
import { exportPage } from "../../src/proof/export-page.ts";
import { OutlineDrawer } from "../../src/proof/outline.ts";
import { attachmentBody, given, home, messageBody, type Scene, signerOf } from "../conversation/given.ts";
import { later } from "./given.ts";

async function pageOf(scene: Scene, gone: readonly string[] = []): Promise<string> {
  const ids = gone.map((name) => scene.id(name));
  const log = scene.log.map((entry) => (ids.includes(entry.id) ? { ...entry, body: null, salt: null } : entry));
  const drawer = new OutlineDrawer();
  for (const entry of log) drawer.take(entry);
  async function* pages() {
    yield log.slice(0, 3);
    yield log.slice(3);
  }
  const { id: conversation, seq, head } = scene.conversation;
  const key = signerOf(home).key.key;
  const parts = exportPage({
    statement: { conversation, seq, head, exporter: home, key, exportedAt: later, platforms: [] },
    outline: drawer.outline(),
    log: pages(),
    bodiesAt: async (seqs) =>
      new Map(log.flatMap(({ event, body }) => (seqs.includes(event.seq) && body ? [[event.seq, body] as const] : []))),
  });
  return (await Array.fromAsync(parts)).join("");
}

describe("The page of an export", () => {
  test("shows who said what, latest words, answers, files and what happened", async () => {
    const scene = given({ bob: "WRITER" });
    scene.when("alice").callsIt("Lunch on Friday").accepted();
    scene.when("alice").writes("question", "Shall we **meet**?").accepted();
    scene.when("bob").answers("question", "answer").accepted();
    const changed = {
      action: "modify",
      model: "message",
      item: scene.id("answer"),
      body: messageBody("At noon!"),
    } as const;
    scene.when("bob").does(changed).accepted();
    scene.when("bob").attaches("menu").accepted();
    scene.when("alice").labels("food").accepted();
    const page = await pageOf(scene);
    expect(page).toContain('<h1 dir="auto">Lunch on Friday</h1>');
    expect(page).toContain("<strong>meet</strong>");
    expect(page).toContain("At noon!");
    expect(page.match(/Shall we/g)).toHaveLength(1);
    expect(page).toMatch(/answers <a href="#e4" dir="auto">Alice, 4<\/a> · changed later/);
    expect(page).toContain(attachmentBody().title);
    expect(page).toContain("<dt>Labels</dt><dd><bdi>food</bdi></dd>");
    expect(page).toContain("added the label “<bdi>food</bdi>”");
    expect(page).toContain("<bdi>Alice &#60;alice@a.example&#62;</bdi>: ADMIN");
    expect(page).toContain(scene.conversation.head);
  });

  test("has words, names, subjects and file names run in their own direction", async () => {
    const scene = given();
    scene.when("alice").adds("dana", "WRITER", { address: "dana@a.example", name: "דנה" }).accepted();
    scene.when("dana").callsIt("ארוחת צהריים").accepted();
    scene.when("dana").writes("words", "שלום").accepted();
    const file = { ...attachmentBody(), title: "תפריט.pdf" };
    scene.when("dana").does({ action: "add", model: "attachment", body: file }).accepted();
    const page = await pageOf(scene);
    expect(page).toContain('<h1 dir="auto">ארוחת צהריים</h1>');
    expect(page).toContain('<b dir="auto">דנה</b>');
    expect(page).toContain('<div class="words" dir="auto"><p>שלום</p>');
    expect(page).toContain("<bdi>דנה</bdi> attached “<bdi>תפריט.pdf</bdi>”");
  });

  test("runs nothing, fetches nothing, and breaks out of nothing, whatever people wrote", async () => {
    const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'</title></style><!--`;
    const scene = given();
    scene.when("alice").adds("mallory", "WRITER", { address: "mallory@a.example", name: hostile }).accepted();
    scene.when("mallory").callsIt(hostile).accepted();
    scene
      .when("mallory")
      .writes("markdown", `${hostile} ![x](https://evil.example/x.png) [y](javascript:alert(1))`)
      .accepted();
    for (const format of ["HTML", "PLAIN"] as const) {
      const body = { ...messageBody(`${hostile}<iframe src="https://evil.example"></iframe>`), format };
      scene.when("mallory").does({ action: "add", model: "message", body }).accepted();
    }
    scene.when("mallory").labels("label", "<b onclick=x>").accepted();
    const file = { ...attachmentBody(), title: hostile, type: hostile };
    scene.when("mallory").does({ action: "add", model: "attachment", body: file }).accepted();
    const page = await pageOf(scene);
    expect(page).not.toMatch(/<script|<img|<iframe|<link|<object|<embed|<form|<svg|<b onclick/i);
    expect(page).not.toMatch(/<[^>]*\s(?:on\w+|src|srcset|style)\s*=/i);
    expect(page).not.toMatch(/href="(?!#|https?:|mailto:)/i);
    expect(page.match(/<\/title>/g)).toHaveLength(1);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page).not.toContain("<!--");
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  test("shows nothing of what was removed or erased, also where the words are still there", async () => {
    const scene = given({ bob: "WRITER", carol: "WRITER" });
    scene.when("bob").writes("secret", "the code is 1234").accepted();
    scene.when("carol").writes("kept", "nothing secret").accepted();
    scene.when("carol").modifies("kept").accepted();
    scene.when("bob").callsIt("1234").accepted();
    scene.when("bob").labels("label", "label 1234").accepted();
    scene.when("bob").attaches("file").accepted();
    scene.when("alice").removes("kept").accepted();
    scene.when("bob").erases().accepted();
    const page = await pageOf(scene, ["bob"]);
    expect(page).not.toMatch(/1234|nothing secret|meet at noon|bob@/);
    expect(page).toContain("Conversation without a subject");
    expect(page).toContain("Somebody left, and had their words erased.");
    expect(page.match(/class="gone">removed/g)).toHaveLength(2);
    expect(page).toContain("a label that is gone");
    expect(page).toContain("a file that is gone");
  });

  test("says where words are missing", async () => {
    const scene = given({ bob: "WRITER" });
    scene.when("bob").writes("words").accepted();
    expect(await pageOf(scene, ["words"])).toContain("the words are not here");
  });
});
