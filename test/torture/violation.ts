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
    | "title"
    | "kept"
    | "unanswered"
    | "refused"
    | "damaged"
    | "not opened";
  readonly detail: string;
}
