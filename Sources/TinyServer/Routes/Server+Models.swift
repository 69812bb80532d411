internal import Foundation
internal import TinyFoundation

// Models and adapters; the latter with vLLM's paths and fields.
extension Server {
    var models: ServerResponse {
        let adapters = adapters.names.map { card($0.name, parent: model.name, root: $0.path) }
        return .json(["object": "list", "data": .array([card(model.name, parent: nil, root: nil)] + adapters)])
    }

    func model(_ request: ServerRequest) async throws(ServerError) -> ServerResponse {
        let written = String(request.path.dropFirst(Self.modelPrefix.count))
        let name = written.removingPercentEncoding ?? written
        let adapter = try await adapters.adapter(for: name)
        return .json(card(name, parent: adapter == nil ? nil : model.name, root: adapter?.path))
    }

    private func card(_ name: String, parent: String?, root: String?) -> JSONValue {
        [
            "id": .string(name), "object": "model", "created": .integer(started), "owned_by": "tinylora",
            "parent": parent.map { .string($0) } ?? nil, "root": .string(root ?? name),
            "max_model_len": .integer(model.contextLength),
        ]
    }

    func loadAdapter(_ request: ServerRequest) async throws(ServerError) -> ServerResponse {
        var fields = try RequestFields(request.body)
        let name = try read(fields.required("lora_name").string)
        let path = try read(fields.required("lora_path").string)
        let replaces = try fields.flag("load_inplace") ?? false
        try fields.refuseOthers()
        try await adapters.load(name, path: path, replaces: replaces)
        return .text("Success: LoRA adapter '\(name)' added successfully.", type: "text/plain; charset=utf-8")
    }

    func unloadAdapter(_ request: ServerRequest) throws(ServerError) -> ServerResponse {
        var fields = try RequestFields(request.body)
        let name = try read(fields.required("lora_name").string)
        _ = try fields.integer("lora_int_id")
        try fields.refuseOthers()
        try adapters.unload(name)
        return .text("Success: LoRA adapter '\(name)' removed successfully.", type: "text/plain; charset=utf-8")
    }
}
