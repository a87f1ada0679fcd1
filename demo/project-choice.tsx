import type { ProjectInfo } from "../src/index.js";
import { goTo } from "./use-place.js";

/** Which project's chats are listed. An imported file has those of the application that wrote it. */
export function ProjectChoice({
  projects,
  project,
}: {
  readonly projects: readonly ProjectInfo[];
  readonly project: string;
}) {
  const names = [...new Set([location.origin, project, ...projects.map(({ project: name }) => name)])];
  if (names.length === 1) return null;
  return (
    <label className="project-choice">
      <span>Project</span>
      <select value={project} onChange={(event) => goTo({ project: event.target.value })}>
        {names.map((name) => (
          <option key={name} value={name}>
            {name === location.origin ? "This page" : name}
          </option>
        ))}
      </select>
    </label>
  );
}
