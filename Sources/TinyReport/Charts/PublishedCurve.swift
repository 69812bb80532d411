/// The published curves that a report shows, read from the figures to about ±0.001 in accuracy.
///
/// Source: *Learning to Reason in 13 Parameters*, arXiv:2602.04118v1, figures 1 (GRPO) and 2 (supervised): Qwen2.5-7B-Instruct on
/// GSM8K. A report usually has another model and other problems, so only the shapes of the curves can be compared.
struct PublishedCurve: Sendable {
    /// How the points were trained.
    let family: Family
    /// What is trained, as a configuration names it.
    let method: String
    /// Trained numbers and accuracy, ascending.
    let points: [(parameters: Double, accuracy: Double)]

    static let source = "Learning to Reason in 13 Parameters, arXiv:2602.04118v1, figures 1 and 2"
    static let task = "Qwen2.5-7B-Instruct, GSM8K"
    static let untrained = 0.756

    /// Full fine-tuning of 7.6 billion numbers, by family.
    static let full: [Family: Double] = [.policyGradient: 0.970, .supervised: 0.967]

    static let all: [PublishedCurve] = [
        PublishedCurve(
            family: .policyGradient, method: "tinylora",
            points: [
                (1, 0.799), (2, 0.843), (4, 0.854), (7, 0.844), (13, 0.907), (25, 0.923), (49, 0.929), (64, 0.922),
                (98, 0.936), (196, 0.949),
            ]),
        PublishedCurve(
            family: .policyGradient, method: "lora-xs",
            points: [
                (1_600, 0.954), (4_096, 0.950), (12_544, 0.961), (16_384, 0.956), (102_400, 0.963), (262_144, 0.967),
                (802_816, 0.965), (1_048_576, 0.964), (6_553_600, 0.968), (51_380_224, 0.974),
            ]),
        PublishedCurve(
            family: .policyGradient, method: "lora",
            points: [
                (2_520_000, 0.972), (5_000_000, 0.967), (20_000_000, 0.967), (81_000_000, 0.963),
                (161_000_000, 0.964), (323_000_000, 0.968),
            ]),
        PublishedCurve(
            family: .supervised, method: "tinylora", points: [(1, 0.824), (4, 0.817), (25, 0.826)]),
        PublishedCurve(
            family: .supervised, method: "lora-xs",
            points: [(196, 0.838), (12_544, 0.882), (802_816, 0.915), (12_845_056, 0.923)]),
        PublishedCurve(
            family: .supervised, method: "lora",
            points: [(2_520_000, 0.981), (20_000_000, 0.983), (161_000_000, 0.979), (646_000_000, 0.976)]),
    ]

    /// An accuracy as a share of the published gain of full fine-tuning.
    func share(_ accuracy: Double) -> Double {
        (accuracy - Self.untrained) / ((Self.full[family] ?? 1) - Self.untrained)
    }
}
