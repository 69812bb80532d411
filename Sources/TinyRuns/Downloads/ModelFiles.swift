public import TinyFoundation
public import TinyHub
internal import Foundation

/// Which files of a repository a download takes.
public enum ModelFiles: Sendable, Equatable {
    /// What this program reads of a model directory.
    case model
    /// Files by their paths, such as one GGUF file.
    case named([String])
    /// Files by patterns, as a shell has them; `*` stands for slashes too.
    case matching([String])

    /// The files of a model directory beside its weights.
    private static let companions: Set<String> = [
        "config.json", "generation_config.json", "model.safetensors.index.json", "tokenizer.json",
        "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "chat_template.jinja",
        "chat_template.json",
    ]

    /// Chooses from the paths of a repository.
    ///
    /// - Throws: `HubError` with code `unknownFile` where nothing is left, naming what there is.
    @Sendable public func chosen(from paths: [String]) throws(HubError) -> [String] {
        switch self {
        case .model: return try model(paths)
        case .named(let names):
            for name in names where !paths.contains(name) {
                throw HubError(
                    .unknownFile, "the repository has no file \(name)",
                    hint: nearestName(to: name, in: paths).map { "did you mean \($0)?" } ?? listed(paths))
            }
            return names
        case .matching(let patterns):
            let found = paths.filter { path in patterns.contains { fnmatch($0, path, 0) == 0 } }
            guard !found.isEmpty else {
                throw HubError(
                    .unknownFile, "no file of the repository matches \(patterns.joined(separator: " or "))",
                    hint: listed(paths))
            }
            return found
        }
    }

    private func model(_ paths: [String]) throws(HubError) -> [String] {
        // Weights lie beside the configuration; `consolidated…` are the same ones in Mistral's own layout.
        let all = paths.filter { path in
            path.hasSuffix(".safetensors") && !path.contains("/") && !path.hasPrefix("consolidated")
        }
        let weights = all.contains("model.safetensors") ? ["model.safetensors"] : all
        guard paths.contains("config.json"), !weights.isEmpty else {
            let files = paths.filter { $0.hasSuffix(".gguf") }
            throw HubError(
                .unknownFile, "the repository has no model in safetensors: config.json and *.safetensors are missing",
                hint: files.isEmpty ? listed(paths) : "choose a GGUF file with --file: \(files.joined(separator: ", "))"
            )
        }
        return weights
            + paths.filter {
                Self.companions.contains($0)
                    || $0.hasPrefix("additional_chat_templates/") && $0.hasSuffix(".jinja")
            }
    }

    private func listed(_ paths: [String]) -> String {
        let shown = paths.prefix(20).joined(separator: ", ")
        return paths.isEmpty ? "it is empty" : "it has \(shown)" + (paths.count > 20 ? ", …" : "")
    }
}
