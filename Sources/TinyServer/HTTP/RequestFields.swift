internal import TinyFoundation

/// The members of a request's body, or of an object in it, which are all read or refused: a setting with a spelling error must
/// not be ignored.
struct RequestFields {
    private let root: JSONNode
    private let others: Others
    private var known: [String] = []

    /// Members that are not read.
    struct Others: Sendable {
        /// Those that change no answer here.
        var ignored: [String] = []
        /// What other servers do and this one does not, with the values that ask for nothing.
        var unsupported: [String: Neutral] = [:]
    }

    /// A value that asks for nothing.
    enum Neutral: Sendable {
        case number(Double)
        case flag(Bool)
        /// One of these texts.
        case texts([String])
        /// A text, list or object with nothing in it.
        case blank
        /// The same, or a value by which clients say that they want what they get anyway.
        case empty
    }

    /// Parses a body.
    init(_ body: [UInt8]) throws(ServerError) {
        do throws(FileError) {
            root = try JSONDocument(body, name: "the request").root
        } catch {
            throw ServerError(.invalidRequest, error)
        }
        others = .ofBody
        guard root.isObject else { throw ServerError(.invalidRequest, "the request is not a JSON object") }
    }

    /// Takes an object in a body.
    init(of node: JSONNode, others: Others) throws(ServerError) {
        guard node.isObject else { throw ServerError(.invalidRequest, node.wrongKind("an object")) }
        root = node
        self.others = others
    }

    /// A member, if it is there and not null.
    mutating func optional(_ name: String) throws(ServerError) -> JSONNode? {
        known.append(name)
        return try read { () throws(FileError) in try root.optional(name) }
    }

    /// A member that must be there.
    mutating func required(_ name: String) throws(ServerError) -> JSONNode {
        guard let node = try optional(name) else {
            throw ServerError(.invalidRequest, root.malformed("has no \"\(name)\""))
        }
        return node
    }

    mutating func text(_ name: String) throws(ServerError) -> String? {
        guard let node = try optional(name) else { return nil }
        return try read(node.string)
    }

    /// What a request calls the model; `nil` for the model itself.
    mutating func modelName() throws(ServerError) -> String? { try text("model").flatMap { $0.isEmpty ? nil : $0 } }

    mutating func integer(_ name: String) throws(ServerError) -> Int? {
        guard let node = try optional(name) else { return nil }
        return try read(node.integer)
    }

    mutating func number(_ name: String) throws(ServerError) -> Double? {
        guard let node = try optional(name) else { return nil }
        return try read(node.number)
    }

    mutating func flag(_ name: String) throws(ServerError) -> Bool? {
        guard let node = try optional(name) else { return nil }
        return try read(node.bool)
    }

    /// A text or a list of texts.
    mutating func texts(_ name: String) throws(ServerError) -> [String] {
        guard let node = try optional(name) else { return [] }
        if node.isString { return [try read(node.string)] }
        return try read { () throws(FileError) in
            var texts: [String] = []
            for element in try node.elements() { texts.append(try element.string()) }
            return texts
        }
    }

    mutating func integers(_ name: String) throws(ServerError) -> [Int]? {
        guard let node = try optional(name) else { return nil }
        return try read { () throws(FileError) in try node.integers() }
    }

    /// The members of an object, if it is there, by their names.
    mutating func values(_ name: String) throws(ServerError) -> [String: JSONValue] {
        guard let node = try optional(name) else { return [:] }
        return try read { () throws(FileError) in
            var values: [String: JSONValue] = [:]
            for (name, value) in try node.members() { values[try name.string()] = try JSONValue(value) }
            return values
        }
    }

    /// Refuses members that were not asked for.
    func refuseOthers() throws(ServerError) {
        let names = try read { () throws(FileError) in
            var names: [(name: String, value: JSONNode)] = []
            for (name, value) in try root.members() { names.append((try name.string(), value)) }
            return names
        }
        for (name, value) in names where !known.contains(name) && !others.ignored.contains(name) {
            if value.isNull { continue }
            let path = value.named(name).path
            guard let neutral = others.unsupported[name] else {
                let nearest = nearestName(to: name, in: known)
                throw ServerError(
                    .unsupported, "unknown parameter \"\(path.prefix(100))\"",
                    hint: nearest.map { "did you mean \"\($0)\"?" })
            }
            guard value.asksForNothing(neutral) else {
                throw ServerError(.unsupported, "\(path) is \(value.brief); this server does not support it")
            }
        }
    }
}

extension RequestFields.Others {
    /// Beside the parameters of a route.
    static let ofBody = Self(
        ignored: [
            "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "cache_salt",
            "priority", "request_id", "parallel_tool_calls",
        ],
        unsupported: notSupported)

    private static let notSupported: [String: RequestFields.Neutral] = [
        "frequency_penalty": .number(0), "presence_penalty": .number(0), "repetition_penalty": .number(1),
        "length_penalty": .number(1), "min_p": .number(0), "min_tokens": .number(0), "best_of": .number(1),
        "use_beam_search": .flag(false), "logit_bias": .empty, "suffix": .empty, "tools": .empty, "functions": .empty,
        "tool_choice": .empty, "function_call": .empty, "bad_words": .empty, "allowed_token_ids": .empty,
        "prompt_logprobs": .empty, "truncate_prompt_tokens": .empty, "include_stop_str_in_output": .flag(false),
        "add_special_tokens": .flag(false), "include_reasoning": .flag(true), "detokenize": .flag(true),
        "with_pieces": .flag(false), "return_token_strs": .flag(false), "skip_special_tokens": .flag(true),
        "spaces_between_special_tokens": .flag(true),
        "add_generation_prompt": .flag(true), "continue_final_message": .flag(false), "chat_template": .empty,
        "chat_template_kwargs": .empty, "structured_outputs": .empty, "guided_json": .empty, "guided_regex": .empty,
        "guided_choice": .empty, "guided_grammar": .empty, "reasoning_effort": .empty, "audio": .empty,
        "web_search_options": .empty, "prediction": .empty, "modalities": .empty, "response_format": .empty,
    ]

    /// Beside the usage that `stream_options` ask for.
    static let ofStreamOptions = Self(unsupported: ["include_obfuscation": .flag(false)])

    /// Beside role and content of a message. Clients send back the messages that they got, with all that was empty in them.
    static let ofMessage = Self(
        ignored: ["name"],
        unsupported: [
            "tool_calls": .blank, "function_call": .blank, "refusal": .blank, "audio": .blank, "annotations": .blank,
            "reasoning": .blank, "reasoning_content": .blank,
            // OpenAI's other API and lm-evaluation-harness name the kind of an item.
            "type": .texts(["text", "message"]),
        ])
}

/// Runs a reading of JSON for a request.
func read<Value>(_ body: () throws(FileError) -> Value) throws(ServerError) -> Value {
    do throws(FileError) {
        return try body()
    } catch {
        throw ServerError(.invalidRequest, error)
    }
}

extension JSONNode {
    /// The elements of an array of integers.
    func integers() throws(FileError) -> [Int] {
        var integers: [Int] = []
        for element in try elements() { integers.append(try element.integer()) }
        return integers
    }

    /// Whether the value is one that asks for nothing: OpenAI's clients send such values.
    fileprivate func asksForNothing(_ neutral: RequestFields.Neutral) -> Bool {
        switch neutral {
        case .number(let value): (try? number()) == value
        case .flag(let value): (try? bool()) == value
        case .texts(let texts): (try? string()).map(texts.contains) == true
        case .blank: isBlank
        case .empty:
            kind == .false || isBlank || ["none", "auto"].contains(try? string())
                || (try? optional("type")?.string()) == "text"
        }
    }

    private var isBlank: Bool { (isArray || isObject) && descendantCount == 0 || (try? string()) == "" }
}
