/// A table or figure of a publication with the experiments that compute its rows.
public struct PublishedTable: Sendable, Equatable {
    /// What stands in one column: a method's number.
    public struct Column: Sendable, Equatable {
        /// An explanation method, or a peer: `net-dissect`.
        public var method: String
        /// Which of its numbers.
        public var measure: Measure

        init(method: String, measure: Measure) {
            self.method = method
            self.measure = measure
        }
    }

    /// What a column measures.
    public enum Measure: Sendable, Hashable {
        case recall(k: Int)
        /// A column of `agreement.csv`: `P-A@1`, `concepts`.
        case agreement(String)
    }

    /// A line of the publication's table, and the experiment that computes it.
    public struct Row: Sendable, Equatable {
        /// As the publication names it.
        public var label: String
        /// Name of the experiment that computes it.
        public var experiment: String
        /// The experiment's matrix row; nil for a plain experiment.
        public var row: String?
        /// A value a column; nil where it is not known here.
        public var values: [Double?]

        /// - Parameters:
        ///   - label: as the publication names it.
        ///   - experiment: that computes it.
        ///   - row: of its matrix; nil for a plain experiment.
        ///   - values: a number a column; nil where it is not known here.
        public init(_ label: String, experiment: String, row: String? = nil, values: [Double?]) {
            self.label = label
            self.experiment = experiment
            self.row = row
            self.values = values
        }
    }

    /// The files' name without its ending: `A-table-2`.
    public var name: String
    /// `A, Table 2 (p. 8338)`
    public var source: String
    /// The publication's, shortened.
    public var caption: String
    /// Heading of the labels.
    public var labels: String
    /// Which concepts its recall counts.
    public var concepts: ConceptShare
    /// In the publication's order.
    public var columns: [Column]
    /// In the publication's order.
    public var rows: [Row]
    /// What is to be known of the numbers.
    public var note: String?
}

extension PublishedTable {
    /// Every table and figure that we compute (METHOD 8). A = Yang, Kim, Joo, CVPR 2022; B = Buis et al., ReScience C
    /// 2023.
    public static let all = [
        paperTable1, paperTable2, paperTable3, paperFigure7, paperConcepts, reproductionTables,
    ]

    private static func columns(_ methods: [String], _ ks: [Int], agreement: [String] = []) -> [Column] {
        let measures = ks.map { Measure.recall(k: $0) } + agreement.map { .agreement($0) }
        return methods.flatMap { method in measures.map { Column(method: method, measure: $0) } }
    }

    /// A, Table 1: its column of network dissection.
    public static let paperTable1 = PublishedTable(
        name: "A-table-1", source: "A, Table 1", caption: "what network dissection finds, beside LaViSE",
        labels: "target model, layer, trained on; reference dataset", concepts: .all,
        columns: [
            Column(method: "net-dissect", measure: .agreement("IoU > .04")),
            Column(method: "net-dissect", measure: .agreement("concepts")),
            Column(method: "projection", measure: .agreement("concepts")),
        ],
        rows: paperTable2.rows.map { Row($0.label, experiment: $0.experiment, values: [nil, nil, nil]) },
        note:
            "IoU > .04: the share of units for which a concept passes the threshold, on images that it was not chosen "
            + "on; concepts: how many are some unit's. The rows are those of Table 2, and the published values are not "
            + "entered here")

    /// A, Table 2.
    public static let paperTable2 = PublishedTable(
        name: "A-table-2", source: "A, Table 2 (p. 8338)", caption: "the four explanation methods",
        labels: "target model, layer, trained on; reference dataset", concepts: .all,
        columns: columns(
            ["original", "image", "activation", "projection"], [5, 10, 20], agreement: ["P-A@1", "P-A@5", "R-A@5"]),
        rows: [
            methodsRow(
                "ResNet-18 layer4, COCO; COCO", "resnet18_coco_trained",
                [[0.599, 0.641, 0.675], [0.567, 0.619, 0.659], [0.629, 0.676, 0.721], [0.675, 0.728, 0.776]]),
            methodsRow(
                "ResNet-18 layer4, ImageNet; VG", "resnet18_vg",
                [[0.182, 0.251, 0.334], [0.181, 0.253, 0.337], [0.235, 0.309, 0.382], [0.273, 0.353, 0.429]]),
            methodsRow(
                "ResNet-50 layer4, ImageNet; VG", "resnet50_vg",
                [[0.160, 0.229, 0.302], [0.084, 0.134, 0.213], [0.199, 0.264, 0.333], [0.226, 0.302, 0.373]]),
            methodsRow(
                "ResNet-50 layer3, ImageNet; VG", "resnet50_layer3_vg",
                [[0.070, 0.097, 0.136], [0.022, 0.045, 0.055], [0.099, 0.155, 0.210], [0.110, 0.156, 0.207]]),
        ],
        note:
            "P-H and R-H are people's judgements, which are not entered here; ours, P-A and R-A, have the annotations in "
            + "their place, and so are another measure")

    /// - Parameter recalls: `[methods][ks]`. What people judged of them is not known here.
    private static func methodsRow(_ label: String, _ experiment: String, _ recalls: [[Double]]) -> Row {
        Row(label, experiment: experiment, values: recalls.flatMap { $0.map(Optional.some) + [nil, nil, nil] })
    }

    /// A, Table 3.
    public static let paperTable3 = PublishedTable(
        name: "A-table-3", source: "A, Table 3 (p. 8339)", caption: "recall of ResNet-50's layers on Visual Genome",
        labels: "layer", concepts: .all, columns: columns(["projection"], [5, 10, 20]),
        rows: [
            Row("layer4", experiment: "resnet50_layers_vg", row: "layer4", values: [0.226, 0.302, 0.373]),
            Row("layer3", experiment: "resnet50_layers_vg", row: "layer3", values: [0.110, 0.156, 0.207]),
            Row("layer2", experiment: "resnet50_layers_vg", row: "layer2", values: [0.086, 0.131, 0.181]),
            Row("layer1", experiment: "resnet50_layers_vg", row: "layer1", values: [0.042, 0.060, 0.092]),
        ])

    /// A, Figure 7, read off the figure to ±0.001.
    public static let paperFigure7 = PublishedTable(
        name: "A-figure-7", source: "A, Figure 7 (p. 8340)",
        caption: "recall of the unseen concepts by the share of concepts that training saw",
        labels: "annotated concepts", concepts: .unseen, columns: columns(["projection"], [1, 5, 10, 20]),
        rows: [
            Row("10 %", experiment: "unseen_vg", row: "0.1", values: [0.013, 0.053, 0.088, 0.153]),
            Row("30 %", experiment: "unseen_vg", row: "0.3", values: [0.021, 0.102, 0.148, 0.219]),
            Row("50 %", experiment: "unseen_vg", row: "0.5", values: [0.050, 0.131, 0.194, 0.301]),
            Row("70 %", experiment: "unseen_vg", row: "0.7", values: [0.066, 0.174, 0.237, 0.400]),
        ])

    /// A, section 4.5.5: how many concepts a trained network's filters have learned, and an untrained one's.
    public static let paperConcepts = PublishedTable(
        name: "A-section-4-5-5", source: "A, section 4.5.5",
        caption: "how many different concepts are the first word of a filter",
        labels: "weights", concepts: .all,
        columns: [Column(method: "projection", measure: .agreement("concepts"))],
        rows: [
            Row("ImageNet", experiment: "resnet18_vg", values: [219]),
            Row("random", experiment: "random_vg", values: [150]),
        ])

    /// B, Tables 2 and 3.
    public static let reproductionTables = PublishedTable(
        name: "B-tables-2-3", source: "B, Tables 2 and 3", caption: "recall of FACT2023's reproduction",
        labels: "target model; reference dataset", concepts: .all, columns: columns(["projection"], [5, 10, 20]),
        rows: [
            Row("ResNet-18; COCO", experiment: "b_resnet18_coco", values: [0.448, 0.477, 0.497]),
            Row("ResNet-18; VG", experiment: "b_resnet18_vg", values: [0.163, 0.198, 0.243]),
            Row("ResNet-50; VG", experiment: "b_resnet50_vg", values: [0.132, 0.164, 0.197]),
            Row("AlexNet features; COCO", experiment: "b_alexnet_coco", values: [0.551, 0.571, 0.600]),
        ])
}
