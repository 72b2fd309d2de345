// How pages look: one style sheet, within each page, for nothing is fetched. Colours are the reader's, light or dark.

export const style = `
:root { --ink: #1c2030; --soft: #5b6278; --ground: #f5f6fa; --card: #fff; --line: #d9dce6; --accent: #3451d1; --on-accent: #fff; --own: #eef2ff; --good: #e7f6ec; --bad: #fdeaea; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaf2; --soft: #a2a9bd; --ground: #14161e; --card: #1d2029; --line: #353a48; --accent: #9db0ff; --on-accent: #14161e; --own: #232a45; --good: #1b3325; --bad: #432225; }
}
* { box-sizing: border-box }
html { background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0; overflow-wrap: anywhere }
main { max-width: 44rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.4rem; line-height: 1.25; margin: .5rem 0 }
h2 { font-size: 1.05rem; margin: 1.5rem 0 .5rem }
a { color: var(--accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.soft, time, dt { color: var(--soft); font-size: .9rem }
.card, article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; margin: .8rem 0 }
article.own { background: var(--own) }
.card > :first-child, .card form > label:first-of-type { margin-top: 0 }
.card > :last-child { margin-bottom: 0 }
article header { display: flex; flex-wrap: wrap; gap: 0 .7rem; align-items: baseline }
article h2, article h3 { font-size: 1rem; margin: 0 }
article footer { margin-top: .5rem; font-size: .9rem }
.words :first-child { margin-top: .3rem }
.words :last-child { margin-bottom: 0 }
.words h1, .words h2, .words h3, .words h4, .words h5, .words h6 { font-size: 1.05rem }
.words pre, .words table { overflow-x: auto; display: block; max-width: 100% }
blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid var(--line); color: var(--soft) }
pre { white-space: pre-wrap; margin: .5rem 0 }
.gone { font-style: italic; color: var(--soft) }
ul.plain { list-style: none; padding: 0; margin: .3rem 0 }
ul.people li { display: inline }
ul.people li + li::before { content: " · "; color: var(--soft) }
.told { background: var(--good); border-radius: .6rem; padding: .6rem 1rem }
.refused { background: var(--bad); border-radius: .6rem; padding: .6rem 1rem }
label { display: block; font-weight: 600; margin: .6rem 0 .2rem }
input, textarea, select { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--soft); border-radius: .4rem; padding: .5rem; width: 100% }
textarea { min-height: 7rem; resize: vertical }
input.code { width: 9rem; letter-spacing: .2em }
button { font: inherit; font-weight: 600; border: 1px solid var(--accent); border-radius: .4rem; padding: .55rem 1rem; margin: .6rem .4rem 0 0; background: var(--accent); color: var(--on-accent); cursor: pointer }
button.quiet { background: none; color: var(--accent) }
form.inline { display: inline }
details { margin: .6rem 0 }
summary { cursor: pointer; color: var(--accent) }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .8rem; margin: .3rem 0 }
dd { margin: 0 }
iframe { width: 100%; height: 22rem; border: 1px solid var(--line); border-radius: .4rem; background: #fff }
`;
