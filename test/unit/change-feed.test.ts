import { expect, test } from "vitest";
import type { Commit } from "../../worker/channels.js";
import { ChangeFeed } from "../../worker/tab/change-feed.js";

function feed() {
  const told: number[] = [];
  const changes = new ChangeFeed("page", (heard) => told.push(...heard.map(({ commit }) => commit)));
  return { changes, told };
}

function commit(number: number): Commit {
  return { client: "another page", commit: number, changes: [{ kind: "clear", dbName: "axio_context" }] };
}

test("who listens behind an answer is not told of what the answer has shown, however late it is announced", () => {
  const { changes, told } = feed();
  changes.show(7);
  changes.listen(true, 0);
  changes.announce([commit(6), commit(7), commit(8)]);
  expect(told).toEqual([8]);
});

test("what a line has shown to the page is not told either", () => {
  const { changes, told } = feed();
  changes.show(5);
  changes.listen(true, 7);
  changes.announce([commit(6), commit(7), commit(8)]);
  expect(told).toEqual([8]);
});

test("who listens already is told of everything, also of what an answer has shown before", () => {
  const { changes, told } = feed();
  changes.listen(true, 0);
  changes.show(7);
  // Asked again, as a sign of life.
  changes.listen(true, 0);
  changes.announce([commit(6), commit(7)]);
  expect(told).toEqual([6, 7]);
});

test("who listens no more is told of nothing", () => {
  const { changes, told } = feed();
  changes.listen(true, 0);
  changes.listen(false, 0);
  changes.announce([commit(1)]);
  expect(told).toEqual([]);
});
