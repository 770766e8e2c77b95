import { dlopen, FFIType, ptr } from 'bun:ffi'
import { describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { notifyManager } from '../../src/cli/notify.ts'
import { idsOf } from '../../src/cli/servicefiles.ts'
import { systemdUnit } from '../../src/cli/systemd.ts'
import { tempFolder } from '../store/fixtures.ts'
import { deskbox } from './terminal.ts'

const plain = {
  executable: '/usr/local/bin/deskbox',
  user: undefined,
  config: undefined,
  written: [],
}

describe('the unit', () => {
  test('runs the executable as a user of its own, on a folder of its own', () => {
    const lines = systemdUnit(plain).split('\n')
    expect(lines).toContain('ExecStart=/usr/local/bin/deskbox serve --data /var/lib/deskbox')
    expect(lines).toContain('DynamicUser=yes')
    expect(lines).toContain('StateDirectoryMode=0700')
    expect(lines).toContain('Type=notify')
    expect(lines).toContain('ProtectSystem=strict')
    // Their code would run inside the server.
    expect(lines).toContain('UnsetEnvironment=BUN_OPTIONS BUN_BE_BUN')
  })

  test('runs as a named user, with a settings file', () => {
    const unit = systemdUnit({ ...plain, user: 'desk', config: '/etc/deskbox/deskbox.toml' })
    expect(unit).toContain('\nUser=desk\n')
    expect(unit).not.toContain('DynamicUser')
    expect(unit).toContain('--config /etc/deskbox/deskbox.toml\n')
  })

  test('has paths as systemd reads them', () => {
    const unit = systemdUnit({ ...plain, executable: '/opt/my "desk"/50%/$HOME/deskbox' })
    expect(unit).toContain('ExecStart="/opt/my \\"desk\\"/50%%/$$HOME/deskbox" serve ')
  })
})

describe('deskbox service', () => {
  test('lets the service write where its settings say, and nowhere else', async () => {
    using home = tempFolder('service')
    const file = join(home.path, 'my.toml')
    writeFileSync(file, '[backup]\ndirectory = "/srv/my backups"\n[log]\ndestination = "desk.log"')
    const print = ['service', 'install', '--print', '--config', file]
    const { out } = await deskbox(home.path, print)
    expect(out.split('\n').filter((line) => line.startsWith('ReadWritePaths'))).toEqual([
      'ReadWritePaths="/srv/my backups"',
    ])
    expect((await deskbox(home.path, ['service', 'install', '--print'])).out).not.toContain('ReadW')
    writeFileSync(file, '[backup]\ndirectry = "/srv"')
    const { code, err } = await deskbox(home.path, print)
    expect([code, err]).toEqual([2, expect.stringContaining('did you mean backup.directory?')])
  })

  // Where there is systemd, what nothing is missing for would be installed.
  test.if(process.platform === 'linux' && !existsSync('/run/systemd/system'))(
    'is not installed when its user cannot have what the settings name',
    async () => {
      using home = tempFolder('service')
      const folder = join(home.path, 'etc')
      mkdirSync(folder)
      const config = join(folder, 'my.toml')
      const secret = join(folder, 'key')
      writeFileSync(config, `[ai]\napi_key_file = "${secret}"\n[backup]\ndirectory = "${folder}"`)
      writeFileSync(secret, 'sk', { mode: 0o600 })
      const modes = (file: number, parent: number, key: number) => {
        chmodSync(config, file)
        for (const one of [home.path, folder]) chmodSync(one, parent)
        chmodSync(secret, key)
      }
      const install = async (...user: string[]) => {
        const args = ['service', 'install', '--config', config, ...user]
        return (await deskbox(home.path, args)).err
      }
      const nobody = 'deskbox service: a user that systemd makes for the service cannot'
      modes(0o600, 0o755, 0o644)
      expect(await install()).toStartWith(`${nobody} read ${config}: make a user for it`)
      modes(0o644, 0o700, 0o644)
      expect(await install()).toStartWith(`${nobody} read ${config}`)
      modes(0o644, 0o755, 0o600)
      expect(await install()).toStartWith(`${nobody} read ${secret}`)
      modes(0o644, 0o755, 0o644)
      expect(await install()).toStartWith(`${nobody} write into ${folder}`)
      modes(0o600, 0o700, 0o600)
      expect(await install('--user', 'daemon')).toStartWith('deskbox service: daemon cannot read')
      // Root may, and so may whom only another directory of users knows.
      for (const user of ['root', 'of-ldap']) {
        expect(await install('--user', user)).toContain('systemd does not run here')
      }
    },
  )

  test('knows who a user is, and which groups it is in', () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\ndesk:x:990:991::/var/lib/desk:/bin/false\n'
    const group = 'root:x:0:\ndesk:x:991:\ntls:x:50:mail,desk\nmail:x:8:mail\n'
    expect(idsOf('desk', passwd, group)).toEqual({ uid: 990, groups: new Set([991, 50]) })
    expect(idsOf('des', passwd, group)).toBeUndefined()
  })

  test('install --print shows the unit and changes nothing', async () => {
    using home = tempFolder('service')
    writeFileSync(join(home.path, 'my.toml'), '')
    const { code, out } = await deskbox(home.path, [
      'service',
      'install',
      '--print',
      '--config',
      'my.toml',
    ])
    expect(code).toBe(0)
    expect(out).toStartWith('[Unit]\n')
    expect(out).toContain(`--config ${join(home.path, 'my.toml')}`)
    const { out: json } = await deskbox(home.path, ['service', 'install', '--print', '--json'])
    expect(JSON.parse(json)).toMatchObject({ file: '/etc/systemd/system/deskbox.service' })
  })

  test.each([
    [['service'], 'service needs one of: install, status, uninstall'],
    [['service', 'start'], 'service needs one of'],
    [['service', 'install', 'now'], "Unexpected argument 'now'"],
    [
      ['service', 'install', '--print', '--user', 'a b'],
      "--user must be the name of a user, not 'a b'",
    ],
    [
      ['service', 'install', '--print', '--config', 'none.toml'],
      'There is no settings file none.toml',
    ],
  ])('%j is wrong usage', async (args, problem) => {
    using home = tempFolder('service')
    const { code, err } = await deskbox(home.path, args)
    expect([code, err]).toEqual([2, expect.stringContaining(problem)])
  })

  test.if(!existsSync('/run/systemd/system')).each(['install', 'status', 'uninstall'])(
    '%s says so where there is no systemd',
    async (verb) => {
      using home = tempFolder('service')
      const { code, err } = await deskbox(home.path, ['service', verb])
      expect([code, err]).toEqual([1, expect.stringContaining('systemd does not run here')])
    },
  )
})

describe.if(process.platform === 'linux')('the service manager', () => {
  test.each(['path', 'abstract'])('is told by a socket with a name of the kind %s', (kind) => {
    using home = tempFolder('notify')
    const name = kind === 'path' ? join(home.path, 's') : `@deskbox-test-${process.pid}`
    using listener = listenOn(name.replace(/^@/, '\0'))
    expect(notifyManager({ NOTIFY_SOCKET: name }, 'READY=1')).toBe(true)
    expect(listener.receive()).toBe('READY=1')
  })

  test('is left alone when there is none, or none that listens', () => {
    expect(notifyManager({}, 'READY=1')).toBe(false)
    expect(notifyManager({ NOTIFY_SOCKET: '' }, 'READY=1')).toBe(false)
    expect(notifyManager({ NOTIFY_SOCKET: '/nowhere/socket' }, 'READY=1')).toBe(false)
    expect(notifyManager({ NOTIFY_SOCKET: `/${'x'.repeat(200)}` }, 'READY=1')).toBe(false)
  })
})

/** A datagram socket of the Unix kind, which the runtime has none of. */
function listenOn(name: string) {
  const { i32, ptr: pointer, u64, i64, u32 } = FFIType
  const libc = dlopen('libc.so.6', {
    socket: { args: [i32, i32, i32], returns: i32 },
    bind: { args: [i32, pointer, u32], returns: i32 },
    recv: { args: [i32, pointer, u64, i32], returns: i64 },
    close: { args: [i32], returns: i32 },
  })
  const { socket, bind, recv, close } = libc.symbols
  const fd = socket(1, 2, 0)
  const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(name)])
  expect(bind(fd, ptr(address), address.length)).toBe(0)
  return {
    receive() {
      const into = Buffer.alloc(200)
      const doNotWait = 0x40
      return into.subarray(0, Number(recv(fd, ptr(into), into.length, doNotWait))).toString()
    },
    [Symbol.dispose]() {
      close(fd)
      libc.close()
    },
  }
}
