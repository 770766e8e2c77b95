import { flag, list, optionalText, whole } from './kinds.ts'
import { reloaded, secret } from './setting.ts'

// What workflows may use beyond the desk. Nothing of it is set up until it is named.

const namedAddress = /^[^=\s][^=]{0,99}=https?:\/\/\S+$/
const actionName = /^[\w-]+(?:\.[\w-]+)?$/

export const ai = {
  base_url: reloaded(
    optionalText('https://api.openai.com/v1'),
    '',
    'address',
    'Where a model answers chat completions; nothing is asked of any while it is empty.',
  ),
  model: reloaded(optionalText('gpt-4o-mini'), '', 'name', 'The model to ask.'),
  api_key: password('sk-…', 'The key for the model, if it needs one; better in a file.'),
  api_key_file: reloaded(
    optionalText('/etc/deskbox/ai.key'),
    '',
    'file',
    'The file with that key.',
  ),
  autonomy: reloaded(
    whole(1, 5),
    2,
    'level',
    'What AI sends or changes by itself: nothing at 1 and 2, routine replies at 3, all above.',
  ),
  timeout: reloaded(whole(1, 600), 60, 'seconds', 'How long a model may take to answer.'),
}

export const workflows = {
  call_timeout_seconds: reloaded(
    whole(1, 60),
    15,
    'seconds',
    'How long a call to a channel, a connector or another server may take.',
  ),
  calls_at_once: reloaded(
    whole(1, 100),
    16,
    'calls',
    'How many calls to the outside are made at the same time.',
  ),
}

export const email = {
  smtp_host: reloaded(
    optionalText('smtp.example.com'),
    '',
    'host name',
    'The server that takes mail; none is sent while it is empty.',
  ),
  smtp_port: reloaded(whole(1, 65_535), 587, 'port', 'The port of that server.'),
  smtp_tls: reloaded(
    flag(),
    false,
    'true or false',
    'TLS from the first byte, as on port 465; otherwise STARTTLS is required.',
  ),
  smtp_insecure: reloaded(
    flag(),
    false,
    'true or false',
    'Hand mail over in the open when the server cannot encrypt.',
  ),
  smtp_user: reloaded(optionalText('desk@example.com'), '', 'name', 'Who signs in, if anybody.'),
  smtp_password: password('a pass phrase', 'The password of that user; better in a file.'),
  smtp_password_file: reloaded(
    optionalText('/etc/deskbox/smtp.password'),
    '',
    'file',
    'The file with that password.',
  ),
  from: reloaded(
    optionalText('Support <desk@example.com>'),
    '',
    'address',
    'Whom mail is from; the user that signs in when it is empty.',
  ),
  signature: reloaded(
    optionalText('Your support team'),
    '',
    'text',
    'What goes below replies of workflows that ask for it.',
  ),
}

export const integrations = {
  slack_channels: addresses(
    'support=https://hooks.slack.com/services/T0/B0/x',
    'Incoming webhooks of Slack, each by the name of its channel.',
  ),
  teams_channels: addresses(
    'support=https://example.webhook.office.com/x',
    'Incoming webhooks of Teams, each by the name of its channel.',
  ),
  connectors: addresses(
    'shop=https://connector.example.com/actions',
    'Where the actions of a platform are carried out, each by the name of the platform.',
  ),
  sensitive_actions: reloaded(
    list('actions', 'shop.refund', (text) => actionName.test(text)),
    [],
    'platform or platform.action',
    'Actions of platforms that a person always approves first.',
  ),
}

const mask = '***'

function password(example: string, meaning: string) {
  const setting = reloaded(optionalText(example), '', 'secret', meaning)
  return secret(setting, (value) => (value === '' ? value : mask))
}

/** Whoever knows such an address may use it. */
function addresses(example: string, meaning: string) {
  const kind = list('names with addresses', example, (text) => namedAddress.test(text))
  return secret(reloaded(kind, [], 'name=address', meaning), (values) =>
    values.map((value) => `${value.slice(0, value.indexOf('='))}=${mask}`),
  )
}
