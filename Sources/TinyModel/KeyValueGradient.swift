internal import TinyTensor

/// The gradient of the keys and values of a pass's rows, as later passes that attend to them find it.
///
/// A prompt is computed once for all its completions. Their passes, running backward, each add here what they find, completion
/// by completion in order, and the prompt's own pass takes it from here.
///
/// `@unchecked Sendable`: one backward pass at a time writes.
final class KeyValueGradient: @unchecked Sendable {
    private let rows: Int
    private let columns: Int
    private var layers: [Matrix?]

    /// Zeros, `[rows, columns]` for each layer; the memory is taken when something is added.
    init(layers: Int, rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        self.layers = [Matrix?](repeating: nil, count: layers)
    }

    /// What was added for a layer, `[rows, keys then values of all heads]`; `nil` when nothing was.
    func layer(_ index: Int) -> Matrix? { layers[index] }

    /// Adds consecutive parts of `found`, each to some of the rows, in order.
    func add(_ found: Matrix, to places: [Range<Int>], layer index: Int, team: WorkerTeam) {
        let target = layers[index] ?? Matrix(rows: rows, columns: columns)
        layers[index] = target
        // Columns are shared out: each is a sum over the parts in order.
        team.split(columns, least: 64) { part in
            var start = 0
            for place in places {
                for (row, place) in place.enumerated() {
                    Kernels.add(
                        found.row(start + row) + part.lowerBound, to: target.row(place) + part.lowerBound,
                        count: part.count)
                }
                start += place.count
            }
        }
    }
}

/// Where the gradient of earlier keys and values goes.
struct EarlierKeysAndValues {
    let gradient: KeyValueGradient
    /// For each segment, the rows of the earlier pass that it continues.
    let rows: [Range<Int>]
}
