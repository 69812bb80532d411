public import Foundation
public import TinyFoundation

/// The files of Abacus, the built-in model.
public enum AbacusFiles {
    /// The model's directory in Hugging Face layout: `config.json`, `model.safetensors`, `tokenizer.json`.
    ///
    /// The build puts it beside the program; `$TINYLORA_ABACUS` names another place.
    ///
    /// - Throws: ``AbacusError`` when it is not found, with the place that was searched.
    public static func directory(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(AbacusError) -> String {
        if let chosen = environment["TINYLORA_ABACUS"], !chosen.isEmpty { return chosen }
        let program = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
        let places = [program, Bundle.main.bundleURL, Bundle.main.resourceURL].compactMap { $0 }
        for place in places {
            for folder in ["tinylora_TinyAbacus.resources", "tinylora_TinyAbacus.bundle"] {
                let directory = place.appending(path: folder).appending(path: "Model")
                if FileManager.default.fileExists(atPath: directory.appending(path: "config.json").path) {
                    return directory.path
                }
            }
        }
        throw AbacusError(
            "the built-in model is not next to the program in \(places.first?.path ?? "its directory"): "
                + "keep tinylora_TinyAbacus.resources next to it, or set TINYLORA_ABACUS to the model's directory")
    }
}

/// Why the built-in model cannot be used.
public struct AbacusError: ExplainedError {
    /// What is missing, and where it was expected.
    public let message: String

    init(_ message: String) { self.message = message }
}
