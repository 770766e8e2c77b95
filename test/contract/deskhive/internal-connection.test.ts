import { contract } from '../../support/contract.ts'
import { internalRefusals } from '../refusals.ts'

// deskhive.md section 5.

const line = 'GET /api/v1/internal/connection-check'
const connected = {
  status: 200,
  reply: { status: true, message: 'Connection check successful' },
}

contract(line, { key: 'special', call: line }, [
  { ...connected, name: 'answers a special key' },
  { ...connected, name: 'answers a key with the scope', key: 'scoped' },
  ...internalRefusals(line),
])
