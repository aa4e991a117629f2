// Variables under which every source of `tv status` refuses at once, and nothing of this machine's
// own configuration is read: port 1 has no listener, and the host's prefix is a program that fails.
export function refusedEnvironment(home) {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_STATE_HOME: home,
    TV_STATE_DIR: home,
    TV_ENV_FILE: `${home}/.env`,
    TV_RPC_URL: 'http://127.0.0.1:1',
    TV_API_URL: 'http://127.0.0.1:1',
    TV_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    TV_HOST_PREFIX: 'false',
  };
}
