import { configurationOf } from "../page.ts";
import { type Host, playThrough } from "./host.ts";

export const copilot: Host = {
  name: "Copilot CLI",
  packageName: "@github/copilot",
  started: "`copilot -p`",
  asked: "page",
  async visit(stay) {
    stay.put(".copilot/mcp-config.json", configurationOf("Copilot CLI", stay.setup));
    const env = {
      COPILOT_OFFLINE: "true",
      COPILOT_PROVIDER_BASE_URL: `${stay.model.url}/v1`,
      COPILOT_PROVIDER_API_KEY: "played",
      COPILOT_MODEL: "played",
      COPILOT_AUTO_UPDATE: "false",
    };
    await playThrough(stay, stay.start("copilot", ["-p", "go", "--allow-all-tools"], env));
  },
};
