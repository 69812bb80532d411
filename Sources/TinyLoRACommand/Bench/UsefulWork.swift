import TinyLoRA

/// What a piece of work asks of the machine at least, by the definition of the model. An adapter's small share and what is
/// computed twice to save memory are not counted.
struct UsefulWork {
    /// Flop of products with the layers' weights and with the head's.
    var products = 0.0
    var head = 0.0
    /// Flop of attention.
    var attention = 0.0
    /// Bytes of the layers' and the head's weights that are read, once for each pass.
    var productBytes = 0.0
    var headBytes = 0.0
    /// Bytes of keys and values.
    var cacheBytes = 0.0

    static func + (a: UsefulWork, b: UsefulWork) -> UsefulWork {
        UsefulWork(
            products: a.products + b.products, head: a.head + b.head, attention: a.attention + b.attention,
            productBytes: a.productBytes + b.productBytes, headBytes: a.headBytes + b.headBytes,
            cacheBytes: a.cacheBytes + b.cacheBytes)
    }
}

/// The amounts of a model.
struct WorkOfModel {
    let model: ModelConfiguration
    let arithmetic: Arithmetic

    private var layerWeights: Double { Double(model.modules.reduce(0) { $0 + $1.outputs * $1.inputs }) }
    private var headWeights: Double { Double(model.vocabularySize * model.hiddenSize) }
    /// Flop of attention forward for each pair of positions.
    private var pairFlop: Double { 4 * Double(model.layerCount * model.headCount * model.headDimension) }
    private var bytesOfPosition: Double {
        Double(2 * model.layerCount * model.keyValueHeadCount * model.headDimension * (arithmetic == .float32 ? 4 : 2))
    }

    /// Flop of one row through all layers.
    var rowFlop: Double { 2 * layerWeights }
    /// The same with the head.
    var tokenFlop: Double { 2 * (layerWeights + headWeights) }

    /// Pairs of positions that see each other in a sequence.
    private func pairs(_ length: Int) -> Double { Double(length * (length + 1)) / 2 }

    /// One more token of `sequences` sequences of `length` tokens; bf16 weights.
    func decoding(_ sequences: Int, length: Int) -> UsefulWork {
        let rows = Double(sequences)
        return UsefulWork(
            products: rows * 2 * layerWeights, head: rows * 2 * headWeights,
            attention: rows * Double(length) * pairFlop, productBytes: 2 * layerWeights, headBytes: 2 * headWeights,
            cacheBytes: rows * Double(length) * bytesOfPosition)
    }

    /// Prompts, and the logits after each.
    func prefill(_ prompts: Int, length: Int) -> UsefulWork {
        UsefulWork(
            products: Double(prompts * length) * 2 * layerWeights, head: Double(prompts) * 2 * headWeights,
            attention: Double(prompts) * pairs(length) * pairFlop, productBytes: 2 * layerWeights,
            headBytes: 2 * headWeights, cacheBytes: Double(prompts * length) * bytesOfPosition)
    }

    /// Groups of completions: each prompt once; each sample's tokens but the last pass through the layers, and all but the
    /// first, which comes from the prompt's row, through the head.
    func rollout(_ prompts: Int, samples: Int, promptTokens: Int, newTokens: Int) -> UsefulWork {
        (1..<newTokens).reduce(prefill(prompts, length: promptTokens)) {
            $0 + decoding(prompts * samples, length: promptTokens + $1)
        }
    }

    /// Forward and the gradient of the activations: twice the products, 3.5 times the attention. A unit's prompt is computed
    /// once; the last token of a completion needs no row.
    func gradient(_ sequences: [ScoredSequence]) -> UsefulWork {
        var rows = 0, scored = 0, attended = 0.0
        for unit in sequences.units {
            let prompt = sequences[unit.lowerBound].prompt.count
            rows += prompt
            attended += pairs(prompt)
            for sequence in sequences[unit] {
                let completion = sequence.completion.count
                rows += completion - 1
                scored += completion
                attended += pairs(prompt + completion - 1) - pairs(prompt)
            }
        }
        return UsefulWork(
            products: 2 * Double(rows) * 2 * layerWeights, head: 2 * Double(scored) * 2 * headWeights,
            attention: 3.5 * attended * pairFlop, productBytes: 4 * layerWeights, headBytes: 4 * headWeights)
    }
}
