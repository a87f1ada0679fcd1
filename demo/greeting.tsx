const SUGGESTIONS = ["My name is Ada", "What time is it?", "What is 17 * 23 + 4?", "How does this work?"];

/** What a chat without messages shows. */
export function Greeting({ onSend }: { readonly onSend: (text: string) => void }) {
  return (
    <section className="greeting" aria-labelledby="greeting-title">
      <h2 id="greeting-title">What shall we put in writing?</h2>
      <p>Everything you say here is kept in a database in this browser. Nothing leaves it.</p>
      <ul>
        {SUGGESTIONS.map((text) => (
          <li key={text}>
            <button type="button" className="suggestion" onClick={() => onSend(text)}>
              {text}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
