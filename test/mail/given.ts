// An mbox as text, and what an import of it comes to, whatever ids and times it got.
import type pg from "pg";

/** A mail of an mbox. Headers are as they are given; `day` is of September 2002. */
export interface Written {
  readonly id?: string;
  readonly from?: string;
  readonly to?: string;
  readonly day?: number;
  readonly subject?: string;
  readonly references?: string;
  readonly more?: string;
  readonly text?: string;
}

export function mboxOf(mails: readonly Written[]): string {
  return mails.map(mailOf).join("");
}

function mailOf({ id, from, to, day = 1, subject, references, more, text = "words" }: Written): string {
  const headers = [
    `From: ${from ?? "Bob <bob@b.example>"}`,
    `To: ${to ?? "alice@localhost"}`,
    `Date: ${day} Sep 2002 10:00:00 +0000`,
    id !== undefined && `Message-ID: <${id}>`,
    subject !== undefined && `Subject: ${subject}`,
    references !== undefined &&
      `References: ${references
        .split(" ")
        .map((one) => `<${one}>`)
        .join(" ")}`,
    more,
  ];
  return `From - Mon Sep  9 17:57:43 2002\n${headers.filter(Boolean).join("\n")}\n\n${text}\n\n`;
}

interface Said {
  readonly author: string;
  readonly text: string;
  readonly answers: string | null;
  readonly date: string;
  readonly files: readonly string[];
}

export interface Content {
  readonly subject: string | null;
  readonly people: readonly string[];
  readonly said: readonly Said[];
}

/** All conversations of the database, as they read: by their first words. */
export async function contentOf(pool: pg.Pool): Promise<readonly Content[]> {
  const { rows } = await pool.query<Content>(`
    SELECT (SELECT body->>'subject' FROM event AS s WHERE s.conversation_id = c.id AND s.seq = c.subject_seq) AS subject,
      (SELECT json_agg(r.address || CASE WHEN p.imported THEN ' imported ' ELSE ' ' END || p.role ORDER BY r.address, p.seq)
        FROM participant AS p JOIN recipient AS r ON r.id = p.recipient_id WHERE p.conversation_id = c.id) AS people,
      (SELECT coalesce(json_agg(json_build_object('author', r.address, 'text', e.body->>'text',
          'date', e.body->'mail'->>'date', 'answers', parent.body->>'text',
          'files', (SELECT coalesce(json_agg(f.body->>'title' ORDER BY a.seq), '[]') FROM attachment AS a
            JOIN event AS f ON f.conversation_id = c.id AND f.seq = a.seq
            WHERE a.conversation_id = c.id AND a.message = m.id)) ORDER BY m.seq), '[]')
        FROM message AS m JOIN event AS e ON e.conversation_id = c.id AND e.seq = m.seq
        JOIN participant AS p ON p.conversation_id = c.id AND p.id = m.author
        JOIN recipient AS r ON r.id = p.recipient_id
        LEFT JOIN event AS parent ON parent.conversation_id = c.id AND parent.id = m.parent
        WHERE m.conversation_id = c.id) AS said
    FROM conversation AS c`);
  return rows.toSorted((a, b) => (JSON.stringify(a.said) < JSON.stringify(b.said) ? -1 : 1));
}
