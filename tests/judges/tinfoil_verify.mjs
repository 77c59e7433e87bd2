// Verifies attestation reports of Genoa processors with @tinfoilsh/verifier, which brings AMD's roots along.
// In: a JSON list of [report, VCEK], each in hex. Out: a JSON list of measurements, or of {refused: reason}.
import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { PredicateType, verifyAttestation } from "@tinfoilsh/verifier";

const answers = [];
for (const [report, vcek] of JSON.parse(readFileSync(0, "utf8"))) {
  const body = gzipSync(Buffer.from(report, "hex")).toString("base64");
  try {
    const found = await verifyAttestation(
      { format: PredicateType.SevGuestV2, body },
      Buffer.from(vcek, "hex").toString("base64"),
    );
    answers.push(found.measurement.registers[0]);
  } catch (error) {
    answers.push({ refused: error.message });
  }
}
console.log(JSON.stringify(answers));
