/** The driver that a page is built with. */
declare module "virtual:driver" {
  import type { OpenDriver } from "./driver.js";

  export const openDriver: OpenDriver;
}
