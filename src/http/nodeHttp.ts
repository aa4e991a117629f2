/**
 * Node's modules, as CommonJS has them: an import of node:http evaluates all that it exports, WebSocket among it, and
 * so loads undici and the streams of the web, a third of the CPU time of a short command.
 */
export const http = process.getBuiltinModule('node:http');
export const https = process.getBuiltinModule('node:https');
