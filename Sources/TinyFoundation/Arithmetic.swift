/// How products of activations with a model's weights are computed. Each has one order of summation, and so one answer on
/// every processor and for every division of the work; the answers of the two differ.
public enum Arithmetic: String, CaseIterable, Codable, Sendable {
    /// Activations are fp32. A dot product is a chain of fused multiply-adds, restarted every 256 terms.
    case float32
    /// Activations are rounded to bf16 before a product with weights, which are bf16, and keys and values before any use. Sums
    /// are fp32, in the order of AMX: blocks of 32 terms, in a block one chain over the even terms and one over the odd ones.
    /// Subnormal numbers count as zero.
    case bfloat16
}
