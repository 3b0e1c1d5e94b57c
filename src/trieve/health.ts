const HEALTH_MS = 10_000;

/**
 * Whether a Trieve at this address answers its health check, which needs no key and is answered even
 * when nothing else is. Never throws.
 */
export async function answersHealthCheck(baseUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${baseUrl}/api/health`, {
      redirect: "manual",
      signal: AbortSignal.timeout(HEALTH_MS),
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
