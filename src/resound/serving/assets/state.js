// What the parts of the page share: what was asked, how the list came to be, and under which name marks go.

export const state = {
  about: null,
  head: null, // the name that marks go under
  query: null, // the server's name of what was asked
  order: null, // "query", by similarity, or "marks", by probability
  k: 0,
  hits: [],
};

const KEY = "resound-head";

// Kept for a reload: the server keeps the marks, the browser which of them were worked on.
export function remember(head) {
  state.head = head;
  try {
    sessionStorage.setItem(KEY, head);
  } catch {
    // Without storage a reload begins with marks that have no name.
  }
}

export function remembered() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
