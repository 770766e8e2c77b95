import { expect, test } from 'bun:test'
import { shownPath } from '../../src/http/paths.ts'

const id = '3f9k2abcdefghjkmnpqrstvwxy'

test.each([
  ['/api/webhooks/workflow/wf_ID', '/api/webhooks/workflow/wf_3f9k2a…'],
  ['/v1/webhooks/workflow/wf_ID?a=wf_ID', '/v1/webhooks/workflow/wf_3f9k2a…'],
  ['/api/webhooks/workflow/wf_ID/', '/api/webhooks/workflow/wf_3f9k2a…/'],
  ['/api/webhooks/workflow/wf%5FID', '/api/webhooks/workflow/…'],
  ['/API/Webhooks/Workflow/WF_ID', '/API/Webhooks/Workflow/…'],
  ['/api/v1/workflows/wf_ID', '/api/v1/workflows/wf_3f9k2a…'],
  ['/api/workflows/wf_ID/executions/exec_1', '/api/workflows/wf_3f9k2a…/executions/exec_1'],
  ['/api/workflows/templates', '/api/workflows/templates'],
  ['/api/v1/internal/workflows/17/versions/2', '/api/v1/internal/workflows/17/versions/2'],
  ['/api/v1/workflows', '/api/v1/workflows'],
  ['/api/v1/tickets/tkt_ID', '/api/v1/tickets/tkt_ID'],
])('a log shows %s as %s', (path, expected) => {
  const url = `http://desk.test${path.replaceAll('ID', id)}`
  expect(shownPath(url)).toBe(expected.replaceAll('ID', id))
})
