import { configurationOf } from "../page.ts";
import { type Host, playThrough } from "./host.ts";

export const cline: Host = {
  name: "Cline",
  packageName: "cline",
  started: "`cline --json`",
  asked: "page",
  async visit(stay) {
    stay.put(".cline/data/settings/cline_mcp_settings.json", configurationOf("Cline", stay.setup));
    const provider = "openai-compatible";
    const settings = {
      provider,
      apiKey: "played",
      model: "played",
      baseUrl: `${stay.model.url}/v1`,
    };
    const chosen = { settings, updatedAt: new Date().toISOString(), tokenSource: "manual" };
    const providers = { version: 1, lastUsedProvider: provider, providers: { [provider]: chosen } };
    stay.put(".cline/data/settings/providers.json", JSON.stringify(providers));
    // Its own session, and no daemon that outlives it.
    const env = { CLINE_SESSION_BACKEND_MODE: "local" };
    await playThrough(stay, stay.start("cline", ["--json", "go on"], env));
  },
};
