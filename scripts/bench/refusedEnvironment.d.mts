export function refusedEnvironment(home: string): Record<string, string>;
