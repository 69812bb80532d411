internal import TinyFoundation
internal import TinyRuns

extension Server {
    /// The description of all paths, by OpenAPI 3.1.
    static let openAPI: JSONValue = [
        "openapi": "3.1.0",
        "info": [
            "title": "TinyLoRA", "version": .string(TinyLoRAVersion.current),
            "description": "One language model with any number of adapters. Errors have OpenAI's form.",
        ],
        "security": [["token": []], [:]],
        "paths": .object(routes.map { .init($0.path, .object([.init($0.method.lowercased(), operation($0))])) }),
        "components": [
            "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
            "schemas": .object(schemas),
            "responses": [
                "Error": [
                    "description": "What is wrong", "content": ["application/json": ["schema": reference("Error")]],
                ]
            ],
        ],
    ]

    private static func operation(_ route: Route) -> JSONValue {
        let kind = contentType[route.path] ?? "application/json"
        let answer: JSONValue = ["description": "The answer", "content": .object([.init(kind, content(kind))])]
        var responses: [JSONValue.Member] = [.init("200", answer)]
        let errors =
            route.method == "POST"
            ? ["400", "401", "403", "404", "413", "429", "503", "504"] : ["401", "403", "404", "503"]
        responses += errors.map { .init($0, ["$ref": "#/components/responses/Error"]) }
        var members: [JSONValue.Member] = [.init("responses", .object(responses))]
        if let body = bodies[route.path] {
            let schema: JSONValue = ["application/json": ["schema": reference(body)]]
            members.append(.init("requestBody", ["required": true, "content": schema]))
        }
        if route.path.contains("{model}") {
            members.append(
                .init(
                    "parameters",
                    [["name": "model", "in": "path", "required": true, "schema": ["type": "string", "minLength": 1]]]))
        }
        return .object(members)
    }

    private static func content(_ kind: String) -> JSONValue {
        ["schema": ["type": kind == "application/json" ? "object" : "string"]]
    }

    private static let contentType = [
        "/": "text/html; charset=utf-8", "/metrics": "text/plain; version=0.0.4; charset=utf-8",
        "/v1/load_lora_adapter": "text/plain; charset=utf-8", "/v1/unload_lora_adapter": "text/plain; charset=utf-8",
    ]

    private static let bodies = [
        "/v1/completions": "Completion", "/v1/chat/completions": "Chat", "/v1/load_lora_adapter": "Load",
        "/v1/unload_lora_adapter": "Unload", "/tokenize": "Tokenize", "/detokenize": "Detokenize",
        "/apply-template": "Conversation",
    ]

    // MARK: Bodies

    private static let schemas: [JSONValue.Member] = [
        .init(
            "Error",
            object(
                [
                    (
                        "error",
                        object(
                            [("message", text), ("type", text), ("code", text)], required: ["message", "type", "code"])
                    )
                ],
                required: ["error"])),
        .init(
            "Completion",
            body(
                sampling + [
                    ("prompt", ["oneOf": [text, list(text), list(token), list(list(token))]]),
                    ("logprobs", integer(0, GenerationOptions.mostAlternatives)), ("echo", flag),
                    ("add_special_tokens", described(flag, "Whether texts get the tokens that begin each; true.")),
                    ("max_tokens", described(integer(0, 1 << 20), "0 with echo only.")),
                ], required: ["prompt"])),
        .init(
            "Chat",
            body(
                sampling + [
                    ("messages", messages), ("logprobs", flag), ("max_tokens", integer(1, 1 << 20)),
                    ("top_logprobs", integer(0, GenerationOptions.mostAlternatives)),
                    ("chat_template_kwargs", templateVariables),
                ], required: ["messages"])),
        .init(
            "Conversation",
            body(
                [("model", text), ("messages", messages), ("chat_template_kwargs", templateVariables)],
                required: ["messages"])),
        .init(
            "Load",
            body(
                [("lora_name", text), ("lora_path", text), ("load_inplace", flag)],
                required: ["lora_name", "lora_path"])),
        .init("Unload", body([("lora_name", text), ("lora_int_id", ["type": "integer"])], required: ["lora_name"])),
        .init(
            "Tokenize",
            described(
                body(
                    [
                        ("model", text), ("prompt", text), ("content", text), ("messages", messages),
                        ("chat_template_kwargs", templateVariables), ("add_special_tokens", flag),
                        ("add_special", flag),
                    ], required: []), "One of prompt, content and messages.")),
        .init("Detokenize", body([("model", text), ("tokens", list(token))], required: ["tokens"])),
    ]

    private static let sampling: [(String, JSONValue)] = [
        (
            "model",
            described(text, "The model, an adapter's name or code, or MODEL@ADAPTER; the model if it is left out.")
        ),
        ("max_completion_tokens", described(integer(1, 1 << 20), "The same as max_tokens.")),
        ("n", integer(1, 128)), ("temperature", number(0, 100)), ("top_p", number(0.001, 1)),
        ("top_k", integer(-1, 1 << 20)),
        ("seed", ["type": "integer"]), ("stop", ["oneOf": [text, list(text)]]),
        ("stop_token_ids", list(token, most: GenerationOptions.mostStopTokens)), ("ignore_eos", flag), ("stream", flag),
        (
            "stream_options", object([("include_usage", flag), ("continuous_usage_stats", flag)], required: [])
        ), ("return_token_ids", flag), ("return_tokens_as_token_ids", flag),
    ]

    private static let text: JSONValue = ["type": "string"]
    private static let flag: JSONValue = ["type": "boolean"]
    private static let token = integer(0, 1 << 31)
    private static let messages = list(
        object(
            [
                ("role", ["enum": ["system", "developer", "user", "assistant"]]),
                ("content", ["oneOf": [text, list(part)]]), ("name", text), ("type", ["enum": ["text", "message"]]),
            ],
            required: ["role", "content"]))
    private static let part: JSONValue = [
        "type": "object", "properties": ["type": ["const": "text"], "text": text], "required": ["type", "text"],
    ]
    private static let templateVariables: JSONValue = [
        "type": "object", "description": "Variables of the model's chat template, such as enable_thinking.",
        "additionalProperties": ["type": ["string", "number", "boolean", "null"]],
    ]

    /// A body with these members and those that change no answer.
    private static func body(_ members: [(String, JSONValue)], required: [String]) -> JSONValue {
        let ignored = RequestFields.Others.ofBody.ignored.map { ($0, ["description": "Ignored."] as JSONValue) }
        return object(members + ignored, required: required)
    }

    private static func list(_ element: JSONValue) -> JSONValue { ["type": "array", "items": element] }

    private static func list(_ element: JSONValue, most: Int) -> JSONValue {
        ["type": "array", "items": element, "maxItems": .integer(most)]
    }

    private static func integer(_ least: Int, _ most: Int) -> JSONValue {
        ["type": "integer", "minimum": .integer(least), "maximum": .integer(most)]
    }

    private static func number(_ least: Double, _ most: Double) -> JSONValue {
        ["type": "number", "minimum": .number(least), "maximum": .number(most)]
    }

    private static func described(_ schema: JSONValue, _ text: String) -> JSONValue {
        guard case .object(let members) = schema else { return schema }
        return .object(members + [.init("description", .string(text))])
    }

    private static func object(_ members: [(String, JSONValue)], required: [String]) -> JSONValue {
        [
            "type": "object", "properties": .object(members.map { .init($0.0, $0.1) }),
            "required": .array(required.map { .string($0) }), "additionalProperties": false,
        ]
    }

    private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }
}
