// Made from schema/trieve-invitations.openapi.yaml by npm run generate. Do not edit.

export interface paths {
    "/api/invitation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Invite an e-mail address to the organization
         * @description 204 has two meanings: an invitation was stored and mailed, or the address already had an account and the person was made a member at once, with no invitation. A 400 is no proof that nothing happened: the mail is sent after the row is stored, and its failure is a 400 as well.
         */
        post: operations["sendInvitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/{organization_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All invitations of the organization, used ones included, in no order, without paging */
        get: operations["listInvitations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitation/{invitation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete an invitation
         * @description The id is looked up in all organizations, so delete only what the organization's own list holds. An id that is unknown or gone is answered with 400, not 404.
         */
        delete: operations["deleteInvitation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/organization/users/{organization_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All members of the organization, in no order, without paging
         * @description Needs an admin or owner. A key limited to routes may lack this one, and then gets 403.
         */
        get: operations["listMembers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        InvitationData: {
            /** @description At most 100 characters are stored */
            email: string;
            user_role: components["schemas"]["Role"];
            /** @description The API address with /api; the mailed link starts with it */
            app_url: string;
            /** @description Where the person lands, pasted into the link without encoding */
            redirect_uri: string;
            scopes?: string[] | null;
        };
        Invitation: {
            /**
             * Format: uuid
             * @description Also the code that joins the organization
             */
            id: string;
            email: string;
            /** Format: uuid */
            organization_id: string;
            used: boolean;
            created_at: components["schemas"]["NaiveTimestamp"];
            updated_at: components["schemas"]["NaiveTimestamp"];
            role: components["schemas"]["Role"];
            scopes?: (string | null)[] | null;
        };
        SlimUser: {
            /** Format: uuid */
            id: string;
            /** @description As the account has it; an invitation to it may differ in letter case */
            email: string;
            name?: string | null;
            /** @description Holds the membership in the organization that was asked about, and no other */
            user_orgs: {
                /** Format: uuid */
                organization_id: string;
                role: components["schemas"]["Role"];
            }[];
            orgs: Record<string, never>[];
        };
        /**
         * Format: int32
         * @description 0 user, 1 admin, 2 owner
         */
        Role: number;
        /**
         * @description UTC without a zone, with a T or a blank, and up to six decimals
         * @example 2025-01-31T09:15:02.123456
         */
        NaiveTimestamp: string;
        Error: {
            message: string;
        };
    };
    responses: {
        /** @description 400 refused or failed, 401 no or wrong key, 403 key of another organization or below admin, 404 unknown organization, 408 no answer in time, 5xx trouble; proxies in front add 429, 502-504, redirects and bodies that are not JSON */
        Failure: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
    };
    parameters: {
        /** @description Ignored. A value that no request before it had keeps caches from answering. */
        At: string;
        Organization: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    sendInvitation: {
        parameters: {
            query?: never;
            header: {
                "TR-Organization": components["parameters"]["Organization"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InvitationData"];
            };
        };
        responses: {
            /** @description Invited and mailed, or added at once */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Failure"];
        };
    };
    listInvitations: {
        parameters: {
            query?: {
                /** @description Ignored. A value that no request before it had keeps caches from answering. */
                at?: components["parameters"]["At"];
            };
            header: {
                "TR-Organization": components["parameters"]["Organization"];
            };
            path: {
                /** @description Must be the organization of the header; the two are checked separately. */
                organization_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The invitations */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invitation"][];
                };
            };
            default: components["responses"]["Failure"];
        };
    };
    deleteInvitation: {
        parameters: {
            query?: never;
            header: {
                "TR-Organization": components["parameters"]["Organization"];
            };
            path: {
                invitation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Failure"];
        };
    };
    listMembers: {
        parameters: {
            query?: {
                /** @description Ignored. A value that no request before it had keeps caches from answering. */
                at?: components["parameters"]["At"];
            };
            header: {
                "TR-Organization": components["parameters"]["Organization"];
            };
            path: {
                /** @description Must be the organization of the header */
                organization_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The members */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SlimUser"][];
                };
            };
            default: components["responses"]["Failure"];
        };
    };
}
