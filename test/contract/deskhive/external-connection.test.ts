import { contract } from '../../support/contract.ts'
import { externalRefusals } from '../refusals.ts'

// deskhive.md section 20.

const line = 'GET /api/v1/external/connection-check'

contract(line, { key: 'agent', call: line }, [
  {
    name: 'answers the key of an active agent',
    status: 200,
    reply: { status: true, message: 'Connection check successful' },
  },
  ...externalRefusals(line),
])
