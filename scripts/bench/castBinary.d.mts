export function castBinary(): string;
