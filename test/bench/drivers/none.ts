import type { Driver } from "./driver.js";

/** There is none: the page is measured without. */
export function openDriver(): Promise<Driver> {
  return Promise.reject(new Error("This page has no driver."));
}
