// What GraphiQL opens with: a first conversation, step by step.

export interface GraphiqlTab {
  readonly query: string;
  /** JSON. */
  readonly variables?: string;
}

// Lines of 60 characters: as many as the editor shows in half a small window.
const whoAmI = `# Run a tab with the ▶ button, or with Ctrl-Enter.
# The tabs above are a first conversation, step by step.
# Below, under Headers, is your token: Bearer TOKEN.

query WhoAmI {
  viewer { address }
  conversations(first: 10) {
    edges {
      node {
        hash
        subject
        unread
        messages(last: 10) {
          edges { node { author { displayName } body } }
        }
      }
    }
  }
}
`;

const listen = `# Live: what happens in your conversations, from now on.
# Run it and leave it running; then let the other person
# run Begin, in a window of their own.

subscription Listen {
  events {
    __typename
    ... on EventAdded {
      event {
        seq action model body
        actor { displayName }
      }
      conversation { hash subject }
    }
  }
}
`;

const begin = `# Begins a conversation, and sends it.
# With whom? That is below, under Variables.

mutation Begin($with: String!) {
  conversationCreate(input: {
    subject: "Lunch on Friday"
    participants: [{ address: $with }]
    messages: [
      { body: "Shall we try the **new place**?" }
    ]
    publish: true
  }) {
    ... on ConversationCreatePayload {
      conversation { hash subject status }
    }
    ... on Rejection { code message }
  }
}
`;

const answer = `# Says something in a conversation. Put its hash below,
# under Variables: all the other tabs show it.

mutation Answer($conversation: ID!) {
  messageAdd(input: {
    conversation: $conversation
    body: "Yes! I'll book a table."
  }) {
    ... on MessageAddPayload {
      event { seq hash }
      item { bodyHtml }
    }
    ... on Rejection { code message }
  }
}
`;

export const graphiqlTabs: readonly GraphiqlTab[] = [
  { query: whoAmI },
  { query: listen },
  { query: begin, variables: JSON.stringify({ with: "bob@localhost" }, null, 2) },
  { query: answer, variables: JSON.stringify({ conversation: "HASH" }, null, 2) },
];
