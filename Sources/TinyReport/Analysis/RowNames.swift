/// The names by which rows of a table are asked for: method, algorithm and number of parameters, what a row differs in, and the learning
/// rate where rows would otherwise have the same name.
struct RowNames {
    private var names: [String: String] = [:]

    init(_ cells: [Cell], _ differences: Differences) {
        func add(_ cells: [Cell], _ name: (Cell) -> String, next: ([Cell], String) -> Void) {
            for (name, same) in cells.inGroups(by: name) {
                if same.count == 1 { names[same[0].key] = name } else { next(same, name) }
            }
        }
        func base(_ cell: Cell) -> String {
            let words = differences.words(for: cell).replacing(" · ", with: ", ")
            return "\(cell.method) \(cell.algorithm) \(cell.parameters)" + (words.isEmpty ? "" : ", \(words)")
        }
        add(cells, base) { cells, name in
            add(cells, { "\(name), \(settingWords("learning_rate", $0.settings["learning_rate"]))" }) { cells, name in
                for cell in cells { names[cell.key] = "\(name), \(cell.first.name)" }
            }
        }
    }

    /// The name of a row.
    subscript(cell: Cell) -> String { names[cell.key] ?? cell.first.name }

    /// Whether a text is the name of a row, whatever its case and separators, or the name of one of its runs.
    func isName(_ text: String, of row: MeasuredCell) -> Bool {
        Self.words(text) == Self.words(self[row.cell]) || row.finals.contains { $0.run.name == text }
    }

    private static func words(_ name: String) -> [Substring] {
        name.lowercased().filter { !",·".contains($0) }.split(whereSeparator: \.isWhitespace)
    }
}
