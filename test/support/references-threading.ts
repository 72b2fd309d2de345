// RFC 5256 §3, REFERENCES: how mail programs make threads of a mailbox.

export interface ThreadedMail {
  /** Without angle brackets, as are all ids. */
  readonly id: string;
  readonly references: readonly string[];
  readonly inReplyTo: string | null;
  readonly subject: string;
}

interface Container {
  mail: ThreadedMail | null;
  parent: Container | null;
  children: Container[];
}

/** The mails of each thread. */
export function threadsOf(mails: readonly ThreadedMail[]): readonly (readonly ThreadedMail[])[] {
  const byId = new Map<string, Container>();
  const containerOf = (id: string): Container => {
    const known = byId.get(id);
    if (known) return known;
    const made: Container = { mail: null, parent: null, children: [] };
    byId.set(id, made);
    return made;
  };
  for (const mail of mails) link(mail, containerOf);
  // Steps 2 and 3: what has no parent are roots; those without a mail are pruned, at the top only where they have one child.
  const roots = [...byId.values()].filter(({ parent }) => parent === null).flatMap((root) => prune(root, true));
  return gatherBySubject(roots).map(mailsOf);
}

/** Step 1. */
function link(mail: ThreadedMail, containerOf: (id: string) => Container): void {
  const own = containerOf(mail.id);
  if (own.mail !== null) throw new Error("two mails with one Message-ID");
  own.mail = mail;
  const names = mail.references.length > 0 ? mail.references : mail.inReplyTo === null ? [] : [mail.inReplyTo];
  let last: Container | null = null;
  for (const name of names) {
    const one = containerOf(name);
    // A link that is there stays, and none may make a loop.
    if (last && one.parent === null && !isWithin(last, one)) adopt(last, one);
    last = one;
  }
  if (own.parent) own.parent.children = own.parent.children.filter((child) => child !== own);
  own.parent = null;
  if (last && !isWithin(last, own)) adopt(last, own);
}

function adopt(parent: Container, child: Container): void {
  child.parent = parent;
  parent.children.push(child);
}

/** Whether `inner` is `outer`, or below it. */
function isWithin(inner: Container, outer: Container): boolean {
  for (let one: Container | null = inner; one; one = one.parent) if (one === outer) return true;
  return false;
}

function prune(one: Container, isTop: boolean): Container[] {
  one.children = one.children.flatMap((child) => prune(child, false));
  if (one.mail !== null) return [one];
  if (one.children.length === 0) return [];
  return isTop && one.children.length > 1 ? [one] : one.children;
}

/** Step 5, as far as it matters to what is in a thread: roots of one base subject are gathered. */
function gatherBySubject(roots: readonly Container[]): readonly Container[] {
  const subjectOf = ({ mail, children }: Container) => mail?.subject ?? children[0]?.mail?.subject ?? "";
  const baseOf = (subject: string) => subject.replace(/^(?:re|fwd?)\s*:\s*/i, "").trim();
  const gathered = Map.groupBy(roots, (root) => baseOf(subjectOf(root)) || crypto.randomUUID());
  return [...gathered.values()].map((children) => ({ mail: null, parent: null, children }));
}

function mailsOf(one: Container): readonly ThreadedMail[] {
  return [...(one.mail ? [one.mail] : []), ...one.children.flatMap(mailsOf)];
}

/** The same without step 5: what ids alone hold together. */
export function threadsByIds(mails: readonly ThreadedMail[]): readonly (readonly ThreadedMail[])[] {
  return threadsOf(mails.map((mail) => ({ ...mail, subject: "" })));
}
