import init from './0001_init.sql' with { type: 'text' }
import cannedResponses from './0002_canned_responses.sql' with { type: 'text' }
import messageLikes from './0003_message_likes.sql' with { type: 'text' }
import agents from './0004_agents.sql' with { type: 'text' }
import knowledge from './0005_knowledge.sql' with { type: 'text' }
import settings from './0006_settings.sql' with { type: 'text' }
import activity from './0007_activity.sql' with { type: 'text' }
import reports from './0008_reports.sql' with { type: 'text' }
import sessions from './0009_sessions.sql' with { type: 'text' }
import kevaCustomers from './0010_keva_customers.sql' with { type: 'text' }
import approvals from './0011_approvals.sql' with { type: 'text' }
import webhooks from './0012_webhooks.sql' with { type: 'text' }
import search from './0013_search.sql' with { type: 'text' }
import workflows from './0014_workflows.sql' with { type: 'text' }
import figures from './0015_figures.sql' with { type: 'text' }
import replay from './0016_replay.sql' with { type: 'text' }
import workflowHops from './0017_workflow_hops.sql' with { type: 'text' }
import answerVersions from './0018_answer_versions.sql' with { type: 'text' }

export type Migration = { readonly name: string; readonly sql: string }

/** Every schema step in order, embedded in the executable. Append only: a released one never changes. */
export const migrations: readonly Migration[] = [
  { name: '0001_init', sql: init },
  { name: '0002_canned_responses', sql: cannedResponses },
  { name: '0003_message_likes', sql: messageLikes },
  { name: '0004_agents', sql: agents },
  { name: '0005_knowledge', sql: knowledge },
  { name: '0006_settings', sql: settings },
  { name: '0007_activity', sql: activity },
  { name: '0008_reports', sql: reports },
  { name: '0009_sessions', sql: sessions },
  { name: '0010_keva_customers', sql: kevaCustomers },
  { name: '0011_approvals', sql: approvals },
  { name: '0012_webhooks', sql: webhooks },
  { name: '0013_search', sql: search },
  { name: '0014_workflows', sql: workflows },
  { name: '0015_figures', sql: figures },
  { name: '0016_replay', sql: replay },
  { name: '0017_workflow_hops', sql: workflowHops },
  { name: '0018_answer_versions', sql: answerVersions },
]
