import "./faults.js";
import "../../../worker/worker.js";
