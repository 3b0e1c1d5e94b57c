import { configurationOf } from "../page.ts";
import { type Host, playThrough } from "./host.ts";

export const opencode: Host = {
  name: "opencode",
  packageName: "opencode-ai",
  started: "`opencode run`",
  asked: "page",
  async visit(stay) {
    const played = {
      npm: "@ai-sdk/openai-compatible",
      name: "played",
      options: { baseURL: `${stay.model.url}/v1`, apiKey: "played" },
      models: { played: { name: "played" } },
    };
    const config = {
      ...JSON.parse(configurationOf("opencode", stay.setup)),
      provider: { played },
      enabled_providers: ["played"],
      model: "played/played",
      small_model: "played/played",
      share: "disabled",
      autoupdate: false,
    };
    stay.put("opencode.json", JSON.stringify(config));
    const env = { OPENCODE_DISABLE_MODELS_FETCH: "1", OPENCODE_DISABLE_AUTOUPDATE: "1" };
    await playThrough(stay, stay.start("opencode", ["run", "go"], env));
  },
};
