// Made from the tools by npm run generate. Do not edit.

import type { ShownTool } from "./tool.ts";

export const SHOWN_TOOLS: readonly ShownTool[] = [
  {
    "name": "list_invitations",
    "title": "List invitations",
    "description": "Lists the organization's invitations, newest first. pending: not accepted yet; used: accepted. Invitations never expire.",
    "inputSchema": {
      "properties": {
        "status": {
          "default": "pending",
          "type": "string",
          "enum": [
            "pending",
            "used",
            "all"
          ]
        },
        "email": {
          "description": "Part of the address, any case",
          "type": "string"
        },
        "role": {
          "type": "string",
          "enum": [
            "user",
            "admin",
            "owner"
          ]
        },
        "older_than_days": {
          "description": "0-3650",
          "type": "integer",
          "minimum": 0,
          "maximum": 3650
        },
        "limit": {
          "default": 50,
          "description": "1-200",
          "type": "integer",
          "minimum": 1,
          "maximum": 200
        },
        "cursor": {
          "description": "next_cursor of the previous page, same filters",
          "type": "string"
        }
      },
      "type": "object"
    },
    "outputSchema": {
      "properties": {
        "organization_id": {
          "type": "string"
        },
        "invitations": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "id": {
                "type": "string"
              },
              "email": {
                "type": "string"
              },
              "role": {
                "type": "string"
              },
              "status": {
                "type": "string",
                "enum": [
                  "pending",
                  "used"
                ]
              },
              "sent_at": {
                "type": "string"
              },
              "age_days": {
                "type": "integer"
              },
              "email_suspicious": {
                "type": "boolean"
              }
            },
            "required": [
              "id",
              "email",
              "role",
              "status",
              "sent_at",
              "age_days"
            ]
          }
        },
        "matched": {
          "type": "integer"
        },
        "next_cursor": {
          "type": "string"
        },
        "totals": {
          "type": "object",
          "properties": {
            "pending": {
              "type": "integer"
            },
            "used": {
              "type": "integer"
            }
          },
          "required": [
            "pending",
            "used"
          ]
        },
        "skipped": {
          "type": "integer"
        }
      },
      "type": "object",
      "required": [
        "organization_id",
        "invitations",
        "matched",
        "totals"
      ]
    },
    "annotations": {
      "title": "List invitations",
      "readOnlyHint": true,
      "destructiveHint": false,
      "idempotentHint": true,
      "openWorldHint": false
    }
  },
  {
    "name": "send_invitation",
    "title": "Send invitation",
    "description": "Invites one person by e-mail. Somebody with a Trieve account becomes a member at once. A mail cannot be called back: never repeat a call whose outcome is unclear.",
    "inputSchema": {
      "properties": {
        "email": {
          "type": "string",
          "description": "One plain address, at most 100 characters"
        },
        "role": {
          "default": "user",
          "type": "string",
          "enum": [
            "user",
            "admin",
            "owner"
          ]
        },
        "confirmation": {
          "description": "Only the text returned by a confirmation_required answer",
          "type": "string"
        }
      },
      "type": "object",
      "required": [
        "email"
      ]
    },
    "outputSchema": {
      "properties": {
        "outcome": {
          "type": "string",
          "enum": [
            "invited",
            "added",
            "already_invited",
            "already_accepted",
            "already_member",
            "confirmation_required",
            "not_confirmed"
          ]
        },
        "organization_id": {
          "type": "string"
        },
        "note": {
          "type": "string"
        },
        "confirmed_by": {
          "type": "string",
          "enum": [
            "prompt",
            "code"
          ]
        },
        "reason": {
          "type": "string",
          "enum": [
            "declined",
            "cancelled",
            "timed_out",
            "client_error",
            "kept"
          ]
        },
        "confirmation": {
          "type": "string"
        },
        "expires_at": {
          "type": "string"
        },
        "email": {
          "type": "string"
        },
        "role": {
          "type": "string"
        },
        "invitation": {
          "type": "object",
          "properties": {
            "id": {
              "type": "string"
            },
            "email": {
              "type": "string"
            },
            "role": {
              "type": "string"
            },
            "status": {
              "type": "string",
              "enum": [
                "pending",
                "used"
              ]
            },
            "sent_at": {
              "type": "string"
            },
            "age_days": {
              "type": "integer"
            },
            "email_suspicious": {
              "type": "boolean"
            }
          },
          "required": [
            "id",
            "email",
            "role",
            "status",
            "sent_at",
            "age_days"
          ]
        }
      },
      "type": "object",
      "required": [
        "outcome",
        "organization_id",
        "note",
        "email",
        "role"
      ]
    },
    "annotations": {
      "title": "Send invitation",
      "readOnlyHint": false,
      "destructiveHint": false,
      "idempotentHint": false,
      "openWorldHint": true
    }
  },
  {
    "name": "delete_invitation",
    "title": "Delete invitation",
    "description": "Deletes one invitation; a person is asked first. A pending one stops working; after a used one the person stays a member.",
    "inputSchema": {
      "properties": {
        "invitation_id": {
          "type": "string",
          "description": "id from list_invitations"
        },
        "confirmation": {
          "description": "Only the text returned by a confirmation_required answer",
          "type": "string"
        }
      },
      "type": "object",
      "required": [
        "invitation_id"
      ]
    },
    "outputSchema": {
      "properties": {
        "outcome": {
          "type": "string",
          "enum": [
            "deleted",
            "already_gone",
            "confirmation_required",
            "not_confirmed"
          ]
        },
        "organization_id": {
          "type": "string"
        },
        "note": {
          "type": "string"
        },
        "confirmed_by": {
          "type": "string",
          "enum": [
            "prompt",
            "code"
          ]
        },
        "reason": {
          "type": "string",
          "enum": [
            "declined",
            "cancelled",
            "timed_out",
            "client_error",
            "kept"
          ]
        },
        "confirmation": {
          "type": "string"
        },
        "expires_at": {
          "type": "string"
        },
        "invitation": {
          "type": "object",
          "properties": {
            "id": {
              "type": "string"
            },
            "email": {
              "type": "string"
            },
            "role": {
              "type": "string"
            },
            "status": {
              "type": "string",
              "enum": [
                "pending",
                "used"
              ]
            },
            "sent_at": {
              "type": "string"
            },
            "age_days": {
              "type": "integer"
            },
            "email_suspicious": {
              "type": "boolean"
            }
          },
          "required": [
            "id",
            "email",
            "role",
            "status",
            "sent_at",
            "age_days"
          ]
        }
      },
      "type": "object",
      "required": [
        "outcome",
        "organization_id",
        "note",
        "invitation"
      ]
    },
    "annotations": {
      "title": "Delete invitation",
      "readOnlyHint": false,
      "destructiveHint": true,
      "idempotentHint": true,
      "openWorldHint": true
    }
  }
];
