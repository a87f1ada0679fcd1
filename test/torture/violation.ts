/** Something that must never happen. */
export interface Violation {
  readonly kind:
    | "lost"
    | "doubled"
    | "resurrected"
    | "disordered"
    | "torn"
    | "altered"
    | "unexplained"
    | "tokens"
    | "unanswered"
    | "refused"
    | "damaged"
    | "not opened";
  readonly detail: string;
}
