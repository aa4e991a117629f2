// postject 1.0.0-alpha.6 has no types of its own. What is used of its API.
declare module 'postject' {
  /** Puts `data` into an executable as a resource, in place. */
  export function inject(
    filename: string,
    resourceName: string,
    data: Buffer,
    options: { readonly sentinelFuse?: string; readonly machoSegmentName?: string },
  ): Promise<void>;
}
