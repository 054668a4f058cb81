// The page works without this: it adds stories in the picture, sorting, filtering and copying.
"use strict";
const byId = (id) => document.getElementById(id);
{% include "table.js" %}
{% include "verdicts.js" %}
{% include "picture.js" %}
{% include "links.js" %}
