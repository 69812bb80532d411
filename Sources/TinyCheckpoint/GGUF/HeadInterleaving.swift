/// The order that llama.cpp's files of some families have for the rows of q and k.
///
/// llama.cpp rotates neighbouring rows where Hugging Face's models rotate rows that are half a head apart. So rows 0, 1, 2, …
/// of each head are stored as 0, h, 1, h + 1, …, where h is half their number.
package struct HeadInterleaving: Sendable {
    /// Heads among the rows; at least 1.
    private let heads: Int

    /// - Parameter name: A matrix or bias as Hugging Face's files name it, with or without `.weight` at its end.
    /// - Returns: `nil` for one whose rows are in order.
    package init?(of name: String, in configuration: ModelConfiguration) {
        guard GGUFFamily(of: configuration.architecture)?.interleavesHeads == true else { return nil }
        if name.contains(".self_attn.q_proj") {
            heads = configuration.headCount
        } else if name.contains(".self_attn.k_proj") {
            heads = configuration.keyValueHeadCount
        } else {
            return nil
        }
        guard heads > 0 else { return nil }
    }

    /// Whether so many rows are heads with two halves.
    func divides(_ rows: Int) -> Bool { rows > 0 && rows.isMultiple(of: 2 * heads) }

    /// Where a row is stored, of a number that ``divides(_:)``.
    func place(of row: Int, among rows: Int) -> Int {
        let half = rows / heads / 2, within = row % (2 * half)
        return row - within + (within < half ? 2 * within : 2 * (within - half) + 1)
    }

    /// Rows in order, as they are stored.
    ///
    /// - Parameters:
    ///   - values: `[rows, width]`, row-major.
    ///   - width: Numbers in a row.
    package func stored(_ values: [Float], width: Int) -> [Float] {
        let rows = values.count / max(width, 1)
        guard divides(rows) else { return values }
        var stored = values
        for row in 0..<rows {
            let place = place(of: row, among: rows)
            for column in 0..<width { stored[place * width + column] = values[row * width + column] }
        }
        return stored
    }
}
