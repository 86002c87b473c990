// Validates FHIR resources, one a line on standard input, with the npm package fhir; prints errors, one a line.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import readline from 'node:readline';

const require = createRequire(pathToFileURL(path.join(process.env.ECLUSE_NODE, 'x.cjs')));
const { Fhir } = require('fhir');
const fhir = new Fhir();
let number = 0;
for await (const line of readline.createInterface({ input: process.stdin })) {
  number += 1;
  for (const { severity, location, message } of fhir.validate(JSON.parse(line), { errorOnUnexpected: true }).messages) {
    if (severity === 'error' || severity === 'fatal') console.log(`${number}: ${location}: ${message}`);
  }
}
