import TinyFoundation

/// A family of models as llama.cpp's files have it. A new one is a line in ``all``; a name that two have is read as the first.
package struct GGUFFamily {
    /// The value of `general.architecture`.
    package let name: String
    let architecture: ModelConfiguration.Architecture
    /// Whether the rows of q and k are in the order of ``HeadInterleaving``.
    private(set) var interleavesHeads = false

    static let all = [
        GGUFFamily(name: "qwen2", architecture: .qwen2), GGUFFamily(name: "qwen3", architecture: .qwen3),
        GGUFFamily(name: "llama", architecture: .llama, interleavesHeads: true),
        GGUFFamily(name: "llama", architecture: .mistral, interleavesHeads: true),
        GGUFFamily(name: "smollm3", architecture: .smollm3, interleavesHeads: true),
    ]

    /// Names that are read.
    static let names = all.map(\.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }

    package init?(of architecture: ModelConfiguration.Architecture) {
        guard let family = Self.all.first(where: { $0.architecture == architecture }) else { return nil }
        self = family
    }

    private init(name: String, architecture: ModelConfiguration.Architecture, interleavesHeads: Bool = false) {
        self.name = name
        self.architecture = architecture
        self.interleavesHeads = interleavesHeads
    }
}

/// A tensor that is no weight: what the wavelength of each pair of a head is multiplied by.
let frequencyFactorsName = "rope_freqs.weight"

/// A tensor's name in Hugging Face's files; one that is not known keeps its name, and the model then refuses it.
///
/// Source: `MODEL_TENSOR` in the constants of ggml's Python package `gguf`.
func huggingFaceName(ofGGUF name: String) -> String {
    guard let dot = name.lastIndex(of: ".") else { return name }
    let (stem, kind) = (name[..<dot], name[dot...])
    guard kind == ".weight" || kind == ".bias" else { return name }
    if let known = outerNames[String(stem)] { return known + kind }
    let parts = stem.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "blk", let layer = Int(parts[1]), "\(layer)" == parts[1],
        let known = layerNames[String(parts[2])]
    else { return name }
    return "model.layers.\(layer).\(known)\(kind)"
}

/// The name that llama.cpp's files have for a matrix of a layer, without `.weight`; `nil` for one that they do not have.
///
/// - Parameter name: Its name in Hugging Face's files behind `model.layers.N.`, such as `self_attn.q_proj`.
package func ggufName(of name: String, layer: Int) -> String? {
    layerNames.first { $0.value == name }.map { "blk.\(layer).\($0.key)" }
}

private let outerNames = ["token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"]

private let layerNames = [
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
]
