internal import TinyProblems
internal import TinyText
internal import TinyFoundation

// Text to tokens and back, with the fields of llama.cpp (`content`) and of vLLM (`prompt`).
extension Server {
    func tokenize(_ request: ServerRequest) throws(ServerError) -> ServerResponse {
        var fields = try RequestFields(request.body)
        _ = try fields.text("model")
        let (content, prompt) = (try fields.text("content"), try fields.text("prompt"))
        let messages = try fields.optional("messages"), variables = try fields.values("chat_template_kwargs")
        let (adds, addsToo) = (try fields.flag("add_special_tokens"), try fields.flag("add_special"))
        try fields.refuseOthers()
        let tokens: [Int]
        if let text = content ?? prompt {
            tokens = model.tokenizer.encode(text, addingSpecialTokens: adds ?? addsToo ?? (prompt != nil))
        } else if let messages {
            tokens = try model.prompt(for: model.messages(messages), variables: variables).tokens
        } else {
            throw ServerError(.invalidRequest, "the request has neither \"prompt\" nor \"content\" nor \"messages\"")
        }
        return .json([
            "tokens": .array(tokens.map { .integer($0) }), "count": .integer(tokens.count),
            "max_model_len": .integer(model.contextLength),
        ])
    }

    func detokenize(_ request: ServerRequest) throws(ServerError) -> ServerResponse {
        var fields = try RequestFields(request.body)
        _ = try fields.text("model")
        let tokens = try read(fields.required("tokens").integers)
        try fields.refuseOthers()
        let text = JSONValue.string(model.tokenizer.decode(tokens, skippingSpecialTokens: false))
        return .json(["content": text, "prompt": text])
    }

    func applyTemplate(_ request: ServerRequest) throws(ServerError) -> ServerResponse {
        var fields = try RequestFields(request.body)
        _ = try fields.text("model")
        let messages = try model.messages(fields.required("messages"))
        let variables = try fields.values("chat_template_kwargs")
        try fields.refuseOthers()
        return .json(["prompt": .string(try model.prompt(for: messages, variables: variables).text)])
    }
}
