export type UnitOptions = {
  /** The executable, absolute. */
  readonly executable: string
  /** An existing user; without one systemd makes one for the service. */
  readonly user: string | undefined
  /** The settings file, absolute; without one everything has its default. */
  readonly config: string | undefined
  /** Folders outside its home in which it writes. */
  readonly written: readonly string[]
}

// What the service may not do. The runtime makes code while it runs, so memory may be written and run.
const hardening = [
  'NoNewPrivileges=yes',
  'ProtectSystem=strict',
  'ProtectHome=yes',
  'PrivateTmp=yes',
  'PrivateDevices=yes',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProtectControlGroups=yes',
  'ProtectProc=invisible',
  'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'RemoveIPC=yes',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallErrorNumber=EPERM',
  'CapabilityBoundingSet=CAP_NET_BIND_SERVICE',
  'AmbientCapabilities=CAP_NET_BIND_SERVICE',
  'UMask=0077',
]

/** A unit of systemd that runs the executable on /var/lib/deskbox, and lets it do little else. */
export function systemdUnit({ executable, user, config, written }: UnitOptions): string {
  const settings = config === undefined ? [] : ['--config', config]
  const command = [executable, 'serve', '--data', '/var/lib/deskbox', ...settings]
  const lines = [
    '[Unit]',
    'Description=Deskbox, a help desk API',
    'After=network-online.target',
    'Wants=network-online.target',
    '',
    '[Service]',
    // The server tells when it can be called, so that what depends on it does not start too early.
    'Type=notify',
    `ExecStart=${command.map(quoted).join(' ')}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    'Restart=on-failure',
    'RestartSec=2',
    'TimeoutStopSec=15',
    ...(user === undefined ? ['DynamicUser=yes'] : [`User=${user}`]),
    'StateDirectory=deskbox',
    'StateDirectoryMode=0700',
    'WorkingDirectory=/var/lib/deskbox',
    // These two could have the runtime run other code than ours.
    'UnsetEnvironment=BUN_OPTIONS BUN_BE_BUN',
    'LimitNOFILE=65536',
    ...written.map((folder) => `ReadWritePaths=${quoted(folder)}`),
    ...hardening,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ]
  return lines.join('\n')
}

/** A word as systemd reads it: in quotes when it has a blank, and with no sign that it would expand. */
function quoted(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w./:@%$=,+-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, '\\$&')}"`
}
