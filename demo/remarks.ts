// What the responder says when it has nothing to say.

/** The first pattern that fits a text, and what can be said to it. `{word}` is the text's most remarkable word. */
export const REMARKS: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /^\W*(hi|hello|hey|good (morning|afternoon|evening)|hallo|moin)\b/i,
    [
      "Hello. Sit down, write something; I will keep it.",
      "Good to see you. If we have met before, it is all in the list on the side.",
    ],
  ],
  [/\b(thanks|thank you|cheers)\b/i, ["You are welcome. It has been noted, literally.", "Any time. I am always in."]],
  [/\b(bye|goodbye|good night|see you)\b/i, ["Goodbye. Close the tab as abruptly as you like; nothing will be lost."]],
  [
    /\b(joke|funny|laugh)\b/i,
    [
      "A query walks into a bar, sees two tables and asks: may I join you?",
      "I would tell you one about UDP, but you might not get it. This one was committed, so you will.",
      "There are two hard things: cache invalidation, naming things, and stopping at two.",
    ],
  ],
  [
    /\b(sqlite|database|storage|opfs|wal)\b/i,
    [
      "You are talking about my favourite subject. Look below the field you type in: that line is about the file you are writing into.",
      "A write-ahead log is a diary that the database keeps so as not to lose its place. I find that relatable.",
    ],
  ],
  [
    /\?\s*$/,
    [
      "A good question, and {word} is a good word to hang it on. I have no model to ask, so I shall do the honest thing: I do not know, but I will remember that you asked.",
      "If I knew about {word}, I would be a far larger download. Try me on the time, a sum, or something you said earlier.",
      "People have filled libraries on {word}. I have filled one row.",
      "About {word} I can only say this: your question is safe with me.",
    ],
  ],
  [
    /(?:)/,
    [
      "{word}: noted. That makes it one of the few things I can be sure of.",
      "I have written down what you said about {word}. Say it twice and I shall have it twice, exactly twice; I am particular about that.",
      "I see. And how does {word} make your other tabs feel?",
      "I like the sound of {word}. Go on, there is room: your quota is larger than you would think.",
      "Understood, as far as a handful of regular expressions understands {word}.",
    ],
  ],
];

const COMMON = new Set(
  "about after again also been before being could does doing every from have here into just like make more most much only other over please really some such tell than that their them then there these they thing think this those want were what when where which while will with would your".split(
    " ",
  ),
);

/** The longest word that is not a common one, in quotation marks. */
export function rarestWord(text: string): string {
  const words = text.match(/[\p{L}\p{N}][\p{L}\p{N}'-]*/gu) ?? [];
  const rare = words.filter((word) => !COMMON.has(word.toLowerCase()));
  const [word = "that"] = (rare.length > 0 ? rare : words).toSorted((a, b) => b.length - a.length);
  return `“${word.slice(0, 40)}”`;
}

/** One of the choices, always the same for the same seed. */
export function pick<Choice>(choices: readonly Choice[], seed: string): Choice {
  let hash = 2166136261;
  for (const character of seed) hash = Math.imul(hash ^ character.codePointAt(0)!, 16777619) >>> 0;
  return choices[hash % choices.length]!;
}
