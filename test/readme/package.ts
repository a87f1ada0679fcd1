import { connect as open, type Connection, type ConnectOptions } from "../../src/index.js";

// The package as the examples of README.md get it: an application stays open, a test has to close what it opened.

export * from "../../src/index.js";

const connections: Connection[] = [];

export async function connect(path: string, options?: ConnectOptions): Promise<Connection> {
  const connection = await open(path, options);
  connections.push(connection);
  return connection;
}

export async function closeConnections(): Promise<void> {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
}
