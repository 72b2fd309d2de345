// What a person wrote, of texts and HTML as mail programs send them.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newWords } from "../../../src/mail/in/new-words.ts";

const ofText = (text: string) => newWords({ text, html: null }).text;
const ofHtml = (html: string) => newWords({ text: null, html }).text;
const quote = "> Shall we meet?\n>\n> Bob\n";

describe("The line above a quote goes with it", () => {
  test.each([
    ["Gmail, English", "On Mon, Mar 4, 2024 at 9:30\u202fAM Bob B. <bob@b.example> wrote:"],
    ["Gmail, English, wrapped", "On Mon, Mar 4, 2024 at 9:30 AM Bob B. via Parley <\nbob@b.example> wrote:"],
    ["wrapped over three lines", "On Dec 16, 2011, at 12:47 PM, Bob\n<bob@b.example>\nwrote:"],
    ["Apple Mail", "On 4 Mar 2024, at 09:30, Bob <bob@b.example> wrote:"],
    ["mutt", "On Mon, Mar 04, 2024 at 09:30:00AM +0100, Bob wrote:"],
    ["mutt, older", "* Bob <bob@b.example> [2024-03-04 09:30]:"],
    ["Gnus", "Bob <bob@b.example> writes:"],
    ["Horde", "Quoting Bob <bob@b.example>:"],
    ["Gmail, German", "Am Mo., 4. März 2024 um 09:30 Uhr schrieb Bob <bob@b.example>:"],
    ["Thunderbird, German", "Am 04.03.24 um 09:30 schrieb Bob:"],
    ["GMX", "Bob <bob@b.example> schrieb am 04.03.2024 09:30:"],
    ["Gmail, French", "Le lun. 4 mars 2024 à 09:30, Bob <bob@b.example> a écrit :"],
    ["Gmail, Spanish", "El lun, 4 mar 2024 a las 9:30, Bob (<bob@b.example>) escribió:"],
    ["Gmail, Dutch", "Op ma 4 mrt 2024 om 09:30 schreef Bob <bob@b.example>:"],
    ["Gmail, Italian", "Il giorno lun 4 mar 2024 alle ore 09:30 Bob <bob@b.example>\nha scritto:"],
    ["Gmail, Portuguese", "Em seg., 4 de mar. de 2024 às 09:30, Bob <bob@b.example>\nescreveu:"],
    ["Gmail, Polish", "pon., 4 mar 2024 o 09:30 Bob <bob@b.example> napisał(a):"],
    ["Thunderbird, Polish", "W dniu 4.03.2024 o 09:30, Bob pisze:"],
    ["Gmail, Russian", "пн, 4 мар. 2024 г. в 09:30, Bob <bob@b.example>:"],
    ["Apple Mail, Russian", "4 марта 2024 г., в 09:30, Bob <bob@b.example> написал(а):"],
    ["Gmail, Japanese", "2024年3月4日(月) 9:30 Bob <bob@b.example>:"],
    ["Apple Mail, Japanese", "2024/03/04 9:30、Bob <bob@b.example>のメール:"],
    ["Gmail, Chinese", "Bob <bob@b.example> 于2024年3月4日周一 09:30写道："],
    ["Apple Mail, Chinese", "在 2024年3月4日，09:30，Bob <bob@b.example> 写道："],
    ["Gmail, Taiwan", "Bob <bob@b.example> 於 2024年3月4日 週一 上午9:30寫道："],
    ["Gmail, Korean", "2024년 3월 4일 (월) 오전 9:30, Bob <bob@b.example>님이 작성:"],
    ["Gmail, Swedish", "Den mån 4 mars 2024 kl 09:30 skrev Bob <bob@b.example>:"],
    ["Gmail, Norwegian", "man. 4. mars 2024 kl. 09:30 skrev Bob <bob@b.example>:"],
    ["Gmail, Finnish", "ma 4. maalisk. 2024 klo 9.30 Bob (bob@b.example) kirjoitti:"],
    ["Gmail, Turkish", "Bob <bob@b.example>, 4 Mar 2024 Pzt, 09:30 tarihinde şunu yazdı:"],
    ["Gmail, Czech", "po 4. 3. 2024 v 9:30 odesílatel Bob <bob@b.example> napsal:"],
    ["Gmail, Hungarian", "Bob <bob@b.example> ezt írta (időpont: 2024. márc. 4., H, 9:30):"],
    ["Gmail, Ukrainian", "пн, 4 бер. 2024 р. о 09:30 Bob <bob@b.example> пише:"],
    ["Gmail, Romanian", "lun., 4 mar. 2024 la 09:30, Bob <bob@b.example> a scris:"],
    ["Gmail, Greek", "Στις Δευ 4 Μαρ 2024 στις 9:30 π.μ., ο/η Bob <bob@b.example> έγραψε:"],
  ])("%s", (_, head) => {
    expect(ofText(`Yes, at noon.\n\n${head}\n${quote}`)).toBe("Yes, at noon.");
    expect(ofText(`Yes, at noon.\n${head}\n\n\n${quote}`)).toBe("Yes, at noon.");
    // As some send it: nothing marks the quote but this line. And as others do: the quote is gone already.
    if (!head.startsWith("Bob <bob@b.example> writes") && !head.startsWith("Quoting")) {
      expect(ofText(`Yes, at noon.\n\n${head}\n\nShall we meet?\n\nBob`)).toBe("Yes, at noon.");
    }
    expect(
      ofHtml(`<p>Yes, at noon.</p><p>${head.replaceAll("<", "&lt;")}</p><blockquote>Shall we meet?</blockquote>`),
    ).toBe("<p>Yes, at noon.</p>");
  });

  test("but a line that people write before what they list does not", () => {
    const text = "On Monday at 9:30 we need:\n\n- bread\n- wine";
    expect(ofText(text)).toBe(text);
    const list = "This is what he wrote me:\n\n> come at noon\n\nShall we?";
    expect(ofText(list)).toBe(list.slice(list.indexOf(">")));
  });
});

describe("Fields that stand above an unmarked quote, and all below them", () => {
  test.each([
    ["English", "From: Bob <bob@b.example>\nSent: Monday, March 4, 2024 9:30 AM\nTo: Alice\nSubject: Lunch"],
    ["English, phone", "From: Bob <bob@b.example>\nDate: Monday, 4 March 2024 at 09:30\nTo: Alice\nSubject: Lunch"],
    ["bold", "*From:* Bob\n*Sent:* Monday, March 4, 2024 9:30 AM\n*To:* Alice\n*Subject:* Lunch"],
    ["German", "Von: Bob <bob@b.example>\nGesendet: Montag, 4. März 2024 09:30\nAn: Alice\nBetreff: Lunch"],
    ["French", "De : Bob <bob@b.example>\nEnvoyé : lundi 4 mars 2024 09:30\nÀ : Alice\nObjet : Lunch"],
    ["Spanish", "De: Bob\nEnviado el: lunes, 4 de marzo de 2024 9:30\nPara: Alice\nAsunto: Lunch"],
    ["Dutch", "Van: Bob\nVerzonden: maandag 4 maart 2024 09:30\nAan: Alice\nOnderwerp: Lunch"],
    ["Italian", "Da: Bob\nInviato: lunedì 4 marzo 2024 09:30\nA: Alice\nOggetto: Lunch"],
    ["Portuguese", "De: Bob\nEnviado: segunda-feira, 4 de março de 2024 09:30\nPara: Alice\nAssunto: Lunch"],
    ["Polish", "Od: Bob\nWysłano: poniedziałek, 4 marca 2024 09:30\nDo: Alice\nTemat: Lunch"],
    ["Russian", "От: Bob\nОтправлено: 4 марта 2024 г. 9:30\nКому: Alice\nТема: Lunch"],
    ["Japanese", "差出人: Bob\n送信日時: 2024年3月4日 9:30\n宛先: Alice\n件名: Lunch"],
    ["Chinese", "发件人: Bob\n发送时间: 2024年3月4日 9:30\n收件人: Alice\n主题: Lunch"],
    [
      "many recipients",
      "From: Bob\nSent: Monday\nTo: Alice <a@a.example>;\n Carol <c@c.example>;\n Dora\nCc: Erin\nSubject: Lunch",
    ],
  ])("%s", (_, fields) => {
    for (const above of ["", "________________________________\n", " ------------------------------\n\n", "-----\n"]) {
      expect(ofText(`Yes.\n\n${above}${fields}\n\nShall we meet?\n\nBob`)).toBe("Yes.");
    }
    expect(
      ofHtml(
        `<div>Yes.</div><div><hr><p><b>${fields.replaceAll("<", "&lt;").replaceAll("\n", "<br></b><b>")}</p></div><p>Shall we?</p>`,
      ),
    ).toBe("<div>Yes.</div>");
  });

  test.each([
    ...["-----Original Message-----", "-------- Original message --------", "-----Ursprüngliche Nachricht-----"],
    ...[
      "----- Message d'origine -----",
      "-----Mensaje original-----",
      "------------------ 原始邮件 ------------------",
    ],
  ])("%s", (mark) => {
    expect(ofText(`Yes.\n\n${mark}\nFrom: Bob\n\nShall we meet?`)).toBe("Yes.");
  });

  test("words that begin like a field are none", () => {
    const text = "From: the station, turn left.\nTo the right is a bakery.\n\nSee you";
    expect(ofText(text)).toBe(text);
  });
});

describe("Signatures", () => {
  test.each([
    ...[
      "-- \nAlice\nHead of bread",
      "--\nAlice",
      "-Alice B.",
      "— Alice",
      "Sent from my iPhone",
      "Sent from my iPhone.",
    ],
    ...["Sent from Outlook for iOS", "Get Outlook for iOS<https://aka.ms/o0ukef>", "Sent from Yahoo Mail on Android"],
    ...["Sent with Proton Mail secure email.", "Von meinem iPhone gesendet", "Envoyé de mon iPhone", "iPhoneから送信"],
    ...[
      "Enviado desde mi iPhone",
      "Verstuurd vanaf mijn iPhone",
      "Inviato da iPhone",
      "Отправлено с iPhone",
      "发自我的 iPhone",
    ],
    ..."_______________________________________________\nBread mailing list\nbread@lists.example".split("|"),
    ...["-- \nAlice\n\nSent from my BlackBerry"],
  ])("%s", (signature) => {
    expect(ofText(`Yes.\n\n${signature}\n`)).toBe("Yes.");
    expect(ofText(`Yes.\n\n${signature}\n\nOn 4 Mar 2024, at 09:30, Bob wrote:\n${quote}`)).toBe("Yes.");
  });

  test.each([
    ...["Sent from my desk, is much easier then my mobile phone.", "- bread\n- wine", "Yes -- and no", "a\n\n---\n\nb"],
    ...["Sent from my own account by mistake, sorry", "1\n\n- Alice"],
  ])("are not: %s", (text) => {
    expect(ofText(`Hi\n\n${text}`)).toBe(`Hi\n\n${text}`);
  });

  test("a long text below two dashes is none", () => {
    const text = `Part one\n--\n${"Part two\n".repeat(20)}end`;
    expect(ofText(text)).toBe(text);
  });
});

describe("What is kept", () => {
  test("answers between the lines of a quote, with what they answer, and without its first line", () => {
    const text = `On 4 Mar 2024, at 09:30, Bob wrote:\n\n> At noon?\n\nYes.\n\n> Pizza?\n\nNo.\n\n> Bob\n> -- \n> b\n`;
    expect(ofText(text)).toBe("> At noon?\n\nYes.\n\n> Pizza?\n\nNo.");
  });

  test("words below a quote, with the quote; but not with all of a mail, with its signature", () => {
    const head = "On 4 Mar 2024, at 09:30, Bob wrote:\n";
    expect(ofText(`${head}> At noon?\n> Bob\n\nYes.`)).toBe("> At noon?\n> Bob\n\nYes.");
    expect(ofText(`${head}> At noon?\n>\n> -- \n> Bob\n>\n\nYes.\n\n-- \nme`)).toBe("Yes.");
    // Whoever goes on quoting has chosen what.
    const chosen = "> At noon?\n> -- \n> Bob\n\nYes.\n\n> Bob\n\nBob?";
    expect(ofText(`${head}${chosen}`)).toBe(chosen);
    const ofMany = `> --\n${"> more\n".repeat(50)}\nYes.`;
    expect(ofText(`${head}${ofMany}`)).toBe(ofMany);
    expect(
      ofHtml(
        '<div class="gmail_attr">On Mon Bob wrote:</div><blockquote><p>At noon?</p><p>-- <br>Bob</p></blockquote><p>Yes.</p>',
      ),
    ).toBe("<p>Yes.</p>");
  });

  test("words below a quote of which nothing says where it ends, with the quote", () => {
    const below = "On Fri, 23 Aug 2002, Bob wrote:\n\nShall we meet?\n\nYes, at noon.";
    expect(newWords({ text: below, html: null })).toEqual({ format: "PLAIN", text: below, isStripped: false });
    const block = "-----Original Message-----\nFrom: Bob\nSent: Monday\nTo: Alice\n\nMeet?\n\nYes, at noon.";
    expect(ofText(block)).toBe(block);
    expect(
      ofHtml('<div id="appendonsend"></div><div id="divRplyFwdMsg"><b>From:</b> Bob</div><p>Meet?</p><p>Yes.</p>'),
    ).toContain("Yes.");
  });

  test.each(["|", ":", "}", "--]", "=>", "->"])("words below a quote that is marked by %s", (mark) => {
    const text = `Hi\n\nOn Fri, 23 Aug 2002, Bob wrote:\n${mark}Meet?\n${mark} Noon?\n\nYes.\n\n${mark} Bob`;
    const head = "Hi\n\nOn Fri, 23 Aug 2002, Bob wrote:";
    expect(ofText(text)).toBe(`${head}\n> Meet?\n> Noon?\n\nYes.`);
    expect(ofText(`Yes.\n\nOn Fri, 23 Aug 2002, Bob wrote:\n${mark} Meet?\n${mark} Noon?`)).toBe("Yes.");
    const table = `So:\n\n${mark} a ${mark} b ${mark}`;
    expect(ofText(table)).toBe(table);
  });

  test("what is forwarded, for it is new to those who get it", () => {
    const forwarded =
      "Look:\n\n---------- Forwarded message ---------\nFrom: Bob <b@b.example>\nDate: Mon, 4 Mar 2024\nSubject: x\nTo: <a@a.example>\n\nShall we meet?\n\n> quoted";
    expect(newWords({ text: forwarded, html: null })).toEqual({ format: "PLAIN", text: forwarded, isStripped: false });
    const html =
      '<div>Look:<br></div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: Bob</div><p>Shall we meet?</p></div>';
    expect(ofHtml(html)).toContain("Shall we meet?");
  });

  test("nothing, of a mail that is but a quote", () => {
    expect(newWords({ text: `On 4 Mar 2024, at 09:30, Bob wrote:\n${quote}`, html: null })).toEqual({
      ...{ format: "PLAIN", text: "", isStripped: true },
    });
    expect(newWords({ text: " ", html: '<blockquote type="cite">x</blockquote>' })).toEqual({
      ...{ format: "HTML", text: "", isStripped: true },
    });
    expect(newWords({ text: null, html: null })).toEqual({ format: "PLAIN", text: "", isStripped: false });
  });

  test("the first line's indentation, and not the empty lines around", () => {
    expect(ofText("\r\n  \r\n   * one\r\n   * two  \r\n\r\n")).toBe("   * one\n   * two");
  });
});

describe("HTML", () => {
  test.each([
    [
      "Gmail",
      '<div dir="ltr">Yes<div class="gmail_signature">Alice</div></div><br><div class="gmail_quote"><div class="gmail_attr">On Mon Bob wrote:<br></div><blockquote class="gmail_quote">Meet?</blockquote></div>',
    ],
    [
      "Gmail on a phone",
      '<p dir="ltr">Yes</p><div class="gmail_quote">On Mar 4, 2024 9:30 AM, Bob &lt;b@b.example&gt; wrote:<br type="attribution"><blockquote class="quote">Meet?</blockquote></div>',
    ],
    [
      "Outlook on the web",
      '<div>Yes</div><div id="Signature">Alice</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Bob</div><div>Meet?</div>',
    ],
    [
      "Outlook",
      '<div class="WordSection1"><p class="MsoNormal">Yes<o:p></o:p></p><div><div style="border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Bob &lt;b@b.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Alice<br><b>Subject:</b> x<o:p></o:p></p></div></div><p>Meet?</p></div>',
    ],
    [
      "Apple Mail",
      '<html><head><style>p{}</style></head><body>Yes<br><div><br><blockquote type="cite"><div>On 4 Mar 2024, at 09:30, Bob wrote:</div><br><div>Meet?</div></blockquote></div></body></html>',
    ],
    [
      "Thunderbird",
      '<p>Yes</p><div class="moz-signature">-- <br>Alice</div><div class="moz-cite-prefix">On 4/3/24 Bob wrote:</div><blockquote type="cite">Meet?</blockquote>',
    ],
    [
      "Yahoo",
      '<div>Yes</div><div class="yahoo_quoted" id="yahoo_quoted_1"><div>On Monday Bob wrote:</div><div>Meet?</div></div>',
    ],
    [
      "Proton",
      '<div>Yes</div><div class="protonmail_signature_block">Sent with Proton</div><div class="protonmail_quote">On Monday, March 4th, 2024 at 9:30, Bob &lt;b@b.example&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">Meet?</blockquote></div>',
    ],
    ["Zimbra", '<div>Yes</div><hr data-marker="__DIVIDER__"><div><b>From: </b>Bob</div><div>Meet?</div>'],
    [
      "Roundcube",
      '<p>Yes</p><p id="reply-intro">On 2024-03-04 09:30, Bob wrote:</p><blockquote type="cite">Meet?</blockquote>',
    ],
  ])("of %s is without quote and signature", (_, html) => {
    const { text, isStripped } = newWords({ text: null, html });
    expect(text.replace(/<[^>]*>/g, "").trim()).toBe("Yes");
    expect(isStripped).toBe(true);
  });

  test("keeps answers between quotes, and what is bold, listed or linked", () => {
    const html =
      '<div class="gmail_quote"><div class="gmail_attr">On Mon Bob wrote:</div><blockquote class="gmail_quote">Noon?</blockquote></div><div><b>Yes</b>, <a href="https://a.example/?a=1&amp;b=2" onclick="x()">here</a>:<ul><li>one</ul></div><blockquote class="gmail_quote">Bob</blockquote>';
    expect(ofHtml(html)).toBe(
      '<div><blockquote type="cite">Noon?</blockquote></div><div><b>Yes</b>, <a href="https://a.example/?a=1&#38;b=2">here</a>:<ul><li>one</li></ul></div>',
    );
  });

  test("that people quote of their own accord stays", () => {
    const html = "<p>He said</p><blockquote>Noon</blockquote>";
    expect(ofHtml(html)).toBe(html);
  });

  test("has nothing that nobody sees", () => {
    const html =
      '<title>t</title><style>s</style><script>s</script><!-- c --><div style="display:none">preheader</div><p onclick="x">Yes<img src="https://a.example/x.png"></p>';
    expect(ofHtml(html)).toBe("<p>Yes</p>");
  });

  test("gives way to plain text", () => {
    expect(newWords({ text: "Yes", html: "<p>No</p>" })).toEqual({ format: "PLAIN", text: "Yes", isStripped: false });
    expect(newWords({ text: "\n", html: "<p>Yes</p>" })).toMatchObject({ format: "HTML", text: "<p>Yes</p>" });
  });
});

const someLine = fc.oneof(
  fc.constantFrom(
    ...[
      "",
      " ",
      "-- ",
      "--",
      "-----",
      "________________",
      "words",
      "> quoted",
      ">> twice",
      ">",
      "-Alice",
      "— Bob",
      "Hi,",
    ],
    ...[
      "On 4 Mar 2024, at 09:30, Bob <b@b.example> wrote:",
      "Bob wrote:",
      "wrote:",
      "<b@b.example>:",
      "<b@b.example> wrote:",
    ],
    ...[
      "On Mon, 4 Mar 2024 at 09:30 Bob",
      "2024年3月4日(月) 9:30 Bob",
      "Sent from my iPhone",
      "-----Original Message-----",
    ],
    ...[
      "From: Bob",
      "Sent: Monday",
      "To: Alice",
      "Subject: x",
      "Von: Bob",
      "Datum: x",
      "---------- Forwarded message ---------",
    ],
  ),
  fc.string({ maxLength: 20 }),
);
const someText = fc.array(someLine, { maxLength: 30 }).map((lines) => lines.join("\n"));

const someHtml: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    someLine.map((line) => line.replaceAll("<", "&lt;")),
    fc.constantFrom("<br>", "<hr>", "</div>", "</b>", "<p>", "<", "&", '<div id="appendonsend">', "<!--"),
    fc
      .tuple(
        fc.constantFrom(
          "div",
          "p",
          "b",
          "span",
          "ul",
          "li",
          "table",
          "td",
          "pre",
          "style",
          "a href='x'",
          'blockquote type="cite"',
          "blockquote",
          'div class="gmail_quote"',
          'div class="gmail_attr"',
          'div class="gmail_signature"',
          'div id="yahoo_quoted_1"',
        ),
        fc.array(tie("node"), { maxLength: 4 }),
      )
      .map(([tag, children]) => `<${tag}>${children.join("")}</${tag.split(" ")[0]}>`),
  ),
})).node;

describe("Of any mail", () => {
  const wordsIn = (text: string) => text.match(/[\p{L}\p{N}]+/gu) ?? [];
  const isWithin = (few: readonly string[], many: readonly string[]) => {
    let at = 0;
    for (const word of many) if (word === few[at]) at++;
    return at === few.length;
  };
  const runs = { numRuns: 2_000 };

  test("the words are words of it, in their order", () => {
    fc.assert(
      fc.property(someText, (text) => {
        expect(isWithin(wordsIn(ofText(text)), wordsIn(text))).toBe(true);
      }),
      runs,
    );
  });

  test("the words of the words are the same", () => {
    fc.assert(
      fc.property(someText, (text) => {
        const once = ofText(text);
        expect(ofText(once)).toBe(once);
      }),
      runs,
    );
  });

  const shownWords = (html: string) => wordsIn(html.replace(/<[^>]*>/g, " "));

  test("taken once more, HTML's words are no others; and its tags are those that are shown", () => {
    fc.assert(
      fc.property(
        fc.array(someHtml, { maxLength: 8 }).map((nodes) => nodes.join("")),
        (html) => {
          const once = ofHtml(html);
          expect(isWithin(shownWords(ofHtml(once)), shownWords(once))).toBe(true);
          expect(once).not.toMatch(/<(?:style|script|!|img)|<[^<>]* (?:class|id|style|on\w+)=/);
        },
      ),
      runs,
    );
  });

  test("an answer is given, whatever its characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(typeof newWords({ text, html: text }).text).toBe("string");
        expect(typeof ofHtml(text)).toBe("string");
      }),
      runs,
    );
  });
});

// None may take longer than a test may: with a time that grows as the square, each would take hours.
describe("Traps for parsers", () => {
  const times = 200_000;
  test.each([
    ["levels of quotes", `Yes\n${">".repeat(times)} x`],
    [
      "lines of deeper and deeper quotes",
      `Yes\n${Array.from({ length: 2_000 }, (_, level) => ">".repeat(level)).join("\n")}`,
    ],
    ["signature marks", `Yes\n${"-- \n".repeat(times)}`],
    ["sent from", `Yes\n${"Sent from my iPhone\n".repeat(times)}`],
    ["lines that announce a quote", `Yes\n${"On 4 Mar 2024, at 09:30, Bob wrote:\n".repeat(times)}`],
    ["beginnings of one", `Yes\n${"On 4 Mar 2024 \n".repeat(times)}`],
    ["ends of one", `Yes\n${"wrote:\n".repeat(times)}`],
    ["On On On", `${"On ".repeat(times)}:`],
    ["fields", `Yes\n${"From: x\n".repeat(times)}`],
    ["dashes", "-".repeat(times)],
    ["blanks", `Yes${" \n".repeat(times)}x`],
    ["a line of blanks", `${" ".repeat(times)}x`],
    ["colons", ":".repeat(times)],
    ["letters", "é".repeat(times)],
  ])("%s", (_, text) => {
    expect(newWords({ text, html: null }).text.length).toBeLessThanOrEqual(text.length);
  });

  test.each([
    ["<div>", "<div>"],
    ["quotes", '<blockquote type="cite">'],
    ["plain quotes", "<blockquote>x"],
    ["tags that close nothing", "<b></i></u>"],
    ["opened, then never closed by their names", `${"<a>".repeat(100_000)}</b>`],
    ["<", "<"],
    ["<!--", "<!--"],
    ["attributes", "<a b "],
    ["line breaks", "<br>"],
    ["paragraphs", "<p>"],
    ["entities", "&amp;"],
    ["containers", '<div class="gmail_quote">x'],
    ["classes", `<p class="${"a ".repeat(1_000)}">`],
  ])("%s in HTML", (_, part) => {
    const html = `Yes${part.repeat(Math.ceil(1_048_576 / part.length))}`;
    expect(newWords({ text: null, html }).text).toMatch(/^Yes/);
  });
});
